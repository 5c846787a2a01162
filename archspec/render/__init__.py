"""A graph on paper: tables and pictures."""
