"""Own sizes: the sides of an op's inputs as its attributes speak of them, known only when it runs.

`reshape: [$N, $T, 12, 64]` has to follow its input. In such an attribute a size of the spec is a symbol for the side of
an input that has it, `x[1]` for axis 1: the op stays the same whatever comes in, and its steps can read that side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from archspec.ir.attributes import SIDE
from archspec.ir.dims import Dim, Floor, Size, evaluate, symbol, symbols
from archspec.ir.op import Arg, Result, Step
from archspec.ir.types import TensorType

Operand: TypeAlias = "int | Result"


def own_size(axis: int, port: int = 0) -> Dim:
    """The symbol for a side of an input: `x[1]` of the first, `x2[1]` of the second."""
    return symbol(f"x{port + 1 if port else ''}[{axis}]")


def at_inputs(size: Size, inputs: Sequence[TensorType]) -> Size:
    """The size where the inputs are these."""
    if isinstance(size, int):
        return size
    places = {name: _place(name) for name in symbols(size)}
    return evaluate(size, {name: inputs[port].shape[axis] for name, (port, axis) in places.items()})


def read(sizes: Sequence[Size], steps: list[Step]) -> list[Operand]:
    """The sizes as arguments of a step; the steps that read and compute them are put behind those there are."""
    return [size if isinstance(size, int) else _computed(size, steps) for size in sizes]


def _computed(dim: Dim, steps: list[Step]) -> Operand:
    total: Operand = 0
    for monomial, count in dim.terms:
        value: Operand = count
        for atom in monomial:
            value = _call("mul", _atom(atom, steps), value, steps)
        total = _call("add", value, total, steps)
    return total


def _atom(atom: str | Floor, steps: list[Step]) -> Operand:
    if isinstance(atom, Floor):
        return _add(Step("function", "operator.floordiv", (_computed(atom.dim, steps), atom.by)), steps)
    port, axis = _place(atom)
    return _add(Step("method", "size", (Arg(port), axis)), steps)


def _call(name: str, left: Operand, right: Operand, steps: list[Step]) -> Operand:
    neutral = {"mul": 1, "add": 0}[name]
    if right == neutral or left == neutral:
        return left if right == neutral else right
    return _add(Step("function", f"operator.{name}", (left, right)), steps)


def _add(step: Step, steps: list[Step]) -> Operand:
    """Where the step gives its result; one that is there already is not taken twice."""
    if step not in steps:
        steps.append(step)
    return Result(steps.index(step))


def _place(name: str) -> tuple[int, int]:
    """The input and its axis that a symbol is about."""
    found = SIDE.fullmatch(name)
    assert found is not None, f"{name} is the side of no input"
    return int(found[1] or 1) - 1, int(found[2])
