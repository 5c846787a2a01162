"""Where text came from, and what there is to say about it."""
