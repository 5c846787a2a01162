"""Random types of inputs: those of an example, changed together or each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from random import Random

from archspec.ir.op import Example, Op
from archspec.ir.types import DTYPES, TensorType
from archspec.ops._shared import fixed

_LARGEST = 9
_MOST_ELEMENTS = 20_000
_FLOATING = [dtype for dtype in DTYPES if "float" in dtype]


def random_inputs(op: type[Op], example: Example, random: Random) -> tuple[TensorType, ...]:
    """Inputs like those of an example: sides, ranks and dtypes changed, and as many as the op may take."""
    inputs = [([fixed(side) for side in given.shape], given.dtype) for given in example.inputs]
    if op.variadic and random.random() < 0.3:
        inputs = random.choices(inputs, k=random.choice([1, 2, 2, 3, 4]))
    shapes = _resized([shape for shape, _ in inputs], random)
    for shape in shapes:
        if random.random() < 0.25:
            _change(shape, random)
    dtypes = _redrawn([dtype for _, dtype in inputs], random)
    found = tuple(TensorType(tuple(shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True))
    return found if sum(prod(shape) for shape in shapes) <= _MOST_ELEMENTS else example.inputs


def _resized(shapes: Sequence[list[int]], random: Random) -> list[list[int]]:
    """All shapes with a new size for some of the sizes, the same in all of them; what was equal stays equal."""
    sizes = sorted({side for shape in shapes for side in shape})
    new = {size: random.randint(1, _LARGEST) if random.random() < 0.4 else size for size in sizes}
    resized = [[new[side] for side in shape] for shape in shapes]
    if random.random() < 0.1:
        axis = random.randint(0, 4)
        for shape in resized:
            shape[axis : axis + random.randint(0, 1)] = [random.randint(1, _LARGEST)]
    return resized


def _change(shape: list[int], random: Random) -> None:
    """Change, drop or put in an axis."""
    axis = random.randint(0, len(shape))
    dropped = random.randint(0, 1)
    shape[axis : axis + dropped] = [] if random.random() < 0.3 else [random.choice([1, random.randint(1, _LARGEST)])]


def _redrawn(dtypes: list[str], random: Random) -> list[str]:
    """The dtypes, or others: one for all that are floating, or any for one."""
    roll = random.random()
    if roll < 0.15:
        other = random.choice(_FLOATING)
        return [other if dtype in _FLOATING else dtype for dtype in dtypes]
    if roll < 0.25 and dtypes:
        return [random.choice(list(DTYPES))] * len(dtypes)
    if roll < 0.3 and dtypes:
        dtypes[random.randrange(len(dtypes))] = random.choice(list(DTYPES))
    return dtypes
