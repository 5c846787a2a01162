"""Inference, and what leads to it, beside peers: `python -m benchmarks inference`."""
