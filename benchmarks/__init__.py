"""How fast archspec is, beside its peers: `python -m benchmarks`. No time is part of the tests."""
