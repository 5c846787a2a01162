"""Facts about a graph, never opinions."""
