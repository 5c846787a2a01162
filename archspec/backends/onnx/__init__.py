"""ONNX: the file that other engines run, written straight from the graph."""
