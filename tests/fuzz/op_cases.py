"""A random use of an op: attributes, and the types of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.fuzz.attributes import random_attributes
from tests.fuzz.inputs import random_inputs


@dataclass(frozen=True, slots=True)
class OpCase:
    """A use of an op; nothing about it need be right."""

    name: str
    attributes: Mapping[str, Any]
    inputs: tuple[TensorType, ...]
    below: int = 8
    """Whole numbers among the inputs are drawn from 0 to this, exclusive."""

    @property
    def kind(self) -> type[Op]:
        """The op's class."""
        kind = find(self.name)
        assert kind is not None
        return kind

    def __str__(self) -> str:
        attributes = ", ".join(f"{name}: {value}" for name, value in self.attributes.items())
        return f"{self.name}: {{{attributes}}} of {' and '.join(map(str, self.inputs)) or 'nothing'}"


def random_op_case(kind: type[Op], random: Random) -> OpCase:
    """A use near one of the op's examples."""
    example = random.choice(kind.examples)
    inputs = random_inputs(kind, example, random)
    return OpCase(kind.name, random_attributes(kind, example, inputs, random), inputs, example.below)
