"""Figures: what can be drawn of a graph, what is drawn of it, and how it looks."""
