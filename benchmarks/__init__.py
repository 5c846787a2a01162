"""How fast archspec is, beside its peers: `python -m benchmarks`. No part of the tests."""
