"""What is demanded of what an op says of its values: that torch gives such values at its examples.

Each demand yields sentences about what is wrong, and nothing where all is well. What is random is the same in every
run of one op, so that what differs is what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch

from archspec.backends.run_op import draw, run
from archspec.ir.op import Example, KnownSign, Op

Tensors: TypeAlias = tuple[torch.Tensor, ...]


def claimed(op: Op, example: Example) -> Iterator[str]:
    """Where an op says something of its values that is not so at an example."""
    sign, because = op.gives_sign(), op.does_nothing(*example.inputs)
    if op.is_linear() and is_linear_at(op, example) is False:
        yield "it says that it is linear, or so but for a constant, but in eval mode it is not"
    if sign is not None and not has_sign_at(op, example, sign):
        yield f"it says of the sign of what it gives that it is {sign}, but something is below 0"
    if because and not does_nothing_at(op, example):
        yield f"it says that {' and '.join(f'`{name}`' for name in because)} let it do nothing, but it does something"
    if op.noise and not is_noise_at(op, example):
        yield "`noise` says that it gives back its input in eval mode, but it does not"
    if op.bends_below_0 and not bends_below_0_at(op, example):
        yield "`bends_below_0` says that it gives back what is 0 or more, but it does not"
    if op.keeps_values and not keeps_values_at(op, example):
        yield "`keeps_values` says that all that comes out came in, but other numbers come out"
    unknown = sorted({*because} - {*type(op).model_fields, "branches"})
    yield from (f"it says that `{name}` lets it do nothing, which is no attribute" for name in unknown)


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


def has_sign_at(op: Op, example: Example, sign: KnownSign) -> bool:
    """Whether nothing comes out that is below 0."""
    drawn = _drawn(op, example)
    tensors = drawn if sign == "never negative" else _without_signs(drawn)
    return not any((output < 0).any() for outputs in _in_both_modes(op, example, tensors) for output in outputs)


def does_nothing_at(op: Op, example: Example) -> bool:
    """Whether the first input comes out, and nothing else."""
    return _gives_back(op, example, _drawn(op, example))


def is_noise_at(op: Op, example: Example) -> bool:
    """Whether the first input comes out in eval mode, and nothing else."""
    tensors = _drawn(op, example)
    outputs = _outputs(op, example, tensors, training=False)
    return bool(tensors) and len(outputs) == 1 and _are_equal(outputs[0], tensors[0])


def bends_below_0_at(op: Op, example: Example) -> bool:
    """Whether an input that is nowhere below 0 comes out as it is."""
    return _gives_back(op, example, _without_signs(_drawn(op, example)))


def keeps_values_at(op: Op, example: Example) -> bool:
    """Whether every number that comes out is one that came in, of the inputs of which more than the shape counts."""
    tensors = _drawn(op, example)
    read = _values([tensor for index, tensor in enumerate(tensors) if index not in op.shape_only])
    return all(_values(outputs) <= read for outputs in _in_both_modes(op, example, tensors))


def _drawn(op: Op, example: Example, seed: int = 0) -> Tensors:
    """Inputs of both signs, but for whole numbers, which may be places; they are those of the example's dtypes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tensors = tuple(draw(given, op.index_bound() or example.below) for given in example.inputs)
        return tuple(3 * torch.randn_like(each) if each.is_floating_point() else each for each in tensors)


def _without_signs(tensors: Tensors) -> Tensors:
    return tuple(each.abs() if each.is_floating_point() else each for each in tensors)


def _gives_back(op: Op, example: Example, tensors: Tensors) -> bool:
    if not tensors:
        return False
    both = _in_both_modes(op, example, tensors)
    return all(len(outputs) == 1 and _are_equal(outputs[0], tensors[0]) for outputs in both)


def _in_both_modes(op: Op, example: Example, tensors: Tensors) -> list[Tensors]:
    return [_outputs(op, example, tensors, training) for training in (True, False)]


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
