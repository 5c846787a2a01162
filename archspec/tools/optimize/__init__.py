"""Optimize: the fastest way to run a network for inference on this machine, held to the module's own numbers."""
