"""What is said of planted mistakes, by archspec and by its peers: `python -m benchmarks.diagnostics`."""
