"""A spec as data: text with spans, values, and the structure that they have to have."""
