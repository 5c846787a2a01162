"""The explorer: a page in which the blocks of a network open and close in place."""
