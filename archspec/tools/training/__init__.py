"""Training: the recipe of a spec as objects of torch."""
