"""The graph, and the contract of everything in it."""
