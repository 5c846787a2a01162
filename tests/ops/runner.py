"""Runs ops for real, on the CPU: what every op is held to."""

from __future__ import annotations

from archspec.backends.run_op import Made, draw, infer, run, torch_name, type_of

__all__ = ["Made", "draw", "infer", "run", "torch_name", "type_of"]
