"""What is demanded of what an op says that it sees: that no place of an output depends on anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from archspec.backends.run_op import draw, run
from archspec.ir.op import Example, Op, Window


def sees_only(op: Op, example: Example) -> Iterator[str]:
    """Where a place depends, by its gradient in eval mode, on one that it does not see.

    The statistics of normalisations do not count.
    """
    sight = op.sees(*example.inputs)
    if sight in (None, "around", "everywhere") or op.category == "normalization":
        return
    tensors = [draw(given, op.index_bound() or example.below) for given in example.inputs]
    seen = [index for index, each in enumerate(tensors) if each.is_floating_point() and index not in op.shape_only]
    for index in seen:
        tensors[index].requires_grad_()
    outputs, _ = run(op, example.inputs, tensors, training=False)
    for output in outputs:
        for place in _some_places(output):
            gradients = _gradients(output, place, [tensors[index] for index in seen])
            for index, gradient in zip(seen, gradients, strict=True):
                windows = sight if isinstance(sight, tuple) else (Window(1),) * (gradient.dim() - 2)
                if gradient.dim() == output.dim() and not _is_within(gradient, place, windows):
                    yield f"`sees` says {sight}, but place {place} depends on other places of input {index + 1} too"
                    return


def _some_places(output: torch.Tensor) -> Iterator[tuple[int, ...]]:
    """The first, the last and a middle place in space; none where there is no space, or no gradient."""
    sides = output.shape[2:]
    if sides and output.requires_grad:
        yield from {tuple(part * (side - 1) // 2 for side in sides) for part in range(3)}


def _gradients(
    output: torch.Tensor, place: tuple[int, ...], tensors: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...]:
    """Of the values at a place, which are weighed at random so that nothing cancels."""
    values = output.movedim((0, 1), (-2, -1))[place]
    return torch.autograd.grad(values, tensors, torch.rand_like(values), retain_graph=True, materialize_grads=True)


def _is_within(gradient: torch.Tensor, place: Sequence[int], windows: Sequence[Window]) -> bool:
    """Whether all that is not 0 lies in the windows of a place; a side of 1 is spread over the others."""
    outside = gradient.clone()
    cut: list[slice] = []
    for at, side, window in zip(place, gradient.shape[2:], windows, strict=True):
        first = at * window.stride - window.before
        cut.append(slice(None) if side == 1 else slice(max(first, 0), max(first + window.size, 0)))
    outside[(slice(None), slice(None), *cut)] = 0
    return not outside.any()
