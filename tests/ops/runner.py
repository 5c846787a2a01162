"""Runs ops for real, on the CPU: what every op is held to."""

from __future__ import annotations

from typing import Any

from archspec.backends.dtypes import type_of
from archspec.backends.run_op import Made, draw, infer, run, torch_name
from archspec.ir.op import Op
from archspec.ops import find

__all__ = ["Made", "draw", "infer", "made", "run", "torch_name", "type_of"]


def made(name: str, **attributes: Any) -> Op:
    """An op of the catalogue."""
    kind = find(name)
    assert kind is not None
    return kind.model_validate(attributes)
