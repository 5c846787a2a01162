"""From a spec to a typed graph."""
