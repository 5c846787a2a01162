"""Weights: published ones, read from files and copied into a module, all or none."""
