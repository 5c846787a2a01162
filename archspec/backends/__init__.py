"""Graphs executed, or emitted as code."""
