"""Diff: what differs between two networks, and what follows from it."""
