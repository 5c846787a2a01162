"""What is demanded of what an op says of its values: that torch gives such values at its examples.

Each demand yields sentences about what is wrong, and nothing where all is well. What is random is the same in every
run of one op, so that what differs is what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import torch

from archspec.backends.run_op import draw, run
from archspec.ir.op import Example, Op

Tensors: TypeAlias = tuple[torch.Tensor, ...]

_MODES: Final = {True: "training", False: "eval"}


def claimed(op: Op, example: Example) -> Iterator[str]:
    """Where an op says something of its values that is not so at an example."""
    yield from _is_linear(op, example)
    yield from _has_its_sign(op, example)
    yield from _does_nothing(op, example)
    yield from _bends_below_0(op, example)
    yield from _keeps_values(op, example)


def is_linear_at(op: Op, example: Example) -> bool | None:
    """Whether f(2 x - 3 y) - f(0) is 2 (f(x) - f(0)) - 3 (f(y) - f(0)) in eval mode.

    None where that cannot be told: of no inputs, of whole numbers, and by the few bits of half precision.
    """
    x, y = (_drawn(op, example, seed) for seed in (1, 2))
    if not x or not all(map(_is_precise, x)):
        return None
    both = tuple(2 * one - 3 * other for one, other in zip(x, y, strict=True))
    origin = tuple(map(torch.zeros_like, x))
    at_x, at_y, at_both, at_0 = (_outputs(op, example, each, training=False) for each in (x, y, both, origin))
    if not all(map(_is_precise, at_0)):
        return None
    ports = zip(at_x, at_y, at_both, at_0, strict=True)
    return all(_are_close(fb - f0, 2 * (fx - f0) - 3 * (fy - f0)) for fx, fy, fb, f0 in ports)


def does_nothing_at(op: Op, example: Example) -> bool:
    """Whether it gives back its first input, in both modes."""
    tensors = _drawn(op, example)
    given = [_outputs(op, example, tensors, training) for training in _MODES]
    return bool(tensors) and all(len(outputs) == 1 and _are_equal(outputs[0], tensors[0]) for outputs in given)


def _is_linear(op: Op, example: Example) -> Iterator[str]:
    if op.is_linear() and is_linear_at(op, example) is False:
        yield "it says that it is linear, or so but for a constant, but in eval mode it is not"


def _has_its_sign(op: Op, example: Example) -> Iterator[str]:
    sign = op.gives_sign()
    if sign is None:
        return
    drawn = _drawn(op, example)
    tensors = drawn if sign == "never negative" else _without_signs(drawn)
    for training, mode in _MODES.items():
        least = min(output.min().item() for output in _outputs(op, example, tensors, training))
        if least < 0:
            yield f"it says of its sign that it is {sign}, but it gives {least:g} in {mode} mode"


def _does_nothing(op: Op, example: Example) -> Iterator[str]:
    because = op.does_nothing(*example.inputs)
    if because and not does_nothing_at(op, example):
        yield f"it says that {' and '.join(f'`{name}`' for name in because)} let it do nothing, but it does something"
    unknown = sorted({*because} - {*type(op).model_fields, "branches"})
    yield from (f"it says that `{name}` lets it do nothing, which is no attribute" for name in unknown)


def _bends_below_0(op: Op, example: Example) -> Iterator[str]:
    tensors = _without_signs(_drawn(op, example))
    if op.bends_below_0 and not all(
        _are_equal(_outputs(op, example, tensors, training)[0], tensors[0]) for training in _MODES
    ):
        yield "`bends_below_0` says that it gives back what is 0 or more, but it does not"


def _keeps_values(op: Op, example: Example) -> Iterator[str]:
    if not op.keeps_values:
        return
    tensors = _drawn(op, example)
    read = _values([tensor for index, tensor in enumerate(tensors) if index not in op.shape_only])
    for training, mode in _MODES.items():
        if not _values(_outputs(op, example, tensors, training)) <= read:
            yield f"`keeps_values` says that all that comes out came in, but in {mode} mode other numbers come out"


def _drawn(op: Op, example: Example, seed: int = 0) -> Tensors:
    """Inputs of both signs, but for whole numbers, which may be places; they are those of the example's dtypes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tensors = tuple(draw(given, op.index_bound() or example.below) for given in example.inputs)
        return tuple(3 * torch.randn_like(each) if each.is_floating_point() else each for each in tensors)


def _without_signs(tensors: Tensors) -> Tensors:
    return tuple(each.abs() if each.is_floating_point() else each for each in tensors)


def _outputs(op: Op, example: Example, tensors: Sequence[torch.Tensor], training: bool) -> Tensors:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        return run(op, example.inputs, tensors, training=training)[0]


def _is_precise(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and tensor.element_size() >= 4


def _values(tensors: Sequence[torch.Tensor]) -> set[float]:
    return {value for tensor in tensors for value in tensor.flatten().tolist()}


def _are_equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def _are_close(one: torch.Tensor, other: torch.Tensor) -> bool:
    scale = 1e-4 * max(1.0, other.abs().max().item())
    return torch.allclose(one, other, rtol=1e-4, atol=scale)
