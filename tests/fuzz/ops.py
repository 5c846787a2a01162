"""Ops as a subject: the cases go round the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from random import Random
from typing import Any

from archspec.ir.types import TensorType
from archspec.ops import find
from archspec.ops._shared import fixed
from tests.fuzz.op_cases import OpCase, random_op_case
from tests.fuzz.op_laws import judge
from tests.fuzz.subject import Subject


def ops(names: Sequence[str]) -> Subject[OpCase]:
    """Uses of some ops."""
    return Subject(partial(_draw, names), judge, attrgetter("name"), _take_apart, _put_together)


def _draw(names: Sequence[str], random: Random, number: int) -> OpCase:
    kind = find(names[number % len(names)])
    assert kind is not None
    return random_op_case(kind, random)


def _take_apart(case: OpCase) -> dict[str, Any]:
    inputs = [{"shape": given.shape, "dtype": given.dtype} for given in case.inputs]
    return {"name": case.name, "attributes": dict(case.attributes), "inputs": inputs, "below": case.below}


def _put_together(data: dict[str, Any]) -> OpCase:
    inputs = tuple(TensorType(tuple(given["shape"]), given.get("dtype", "float32")) for given in data["inputs"])
    case = OpCase(data["name"], data["attributes"], inputs, data.get("below", 8))
    if any(fixed(side) < 1 for given in inputs for side in given.shape) or not _has_its_inputs(case):
        raise ValueError("no case")
    return case


def _has_its_inputs(case: OpCase) -> bool:
    return len(case.inputs) == len(case.kind.inputs) or (case.kind.variadic and len(case.inputs) > 0)
