"""Remedies as edits of the user's own text, each kept only when it is proven."""
