"""Holds every op to torch: what it keeps for its backward pass, what it holds, and where what it gives lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from archspec.analysis.memory import memory
from archspec.backends.torch_fx import emit
from archspec.ir.dims import Size
from archspec.ir.graph import PHASES, Phase
from archspec.ir.op import Example, Kept, Op
from archspec.ir.types import TensorType
from archspec.ops import find
from benchmarks.memory import peak_bytes
from tests.graphs import Sketch
from tests.ops.runner import Made, draw, infer, run
from tests.ops.test_contract import CASES


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_what_is_kept_is_what_torch_saves(kind: type[Op], example: Example) -> None:
    op = kind.model_validate(dict(example.attributes))
    types, _ = infer(op, *example.inputs)
    assert types is not None
    inputs = _inputs(example)
    saved: list[torch.Tensor] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor)
        return tensor

    with without_kernels(op), saved_tensors_hooks(note, lambda tensor: tensor):
        outputs, made = run(op, example.inputs, inputs)
    assert op.keeps(example.inputs, types) == _told_apart(saved, inputs, outputs, made)


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_the_most_that_is_held_in_eval_mode_is_inputs_outputs_and_scratch(kind: type[Op], example: Example) -> None:
    sketch = Sketch(**{f"x{index}": given.shape for index, given in enumerate(example.inputs)})
    for node, given in zip(sketch.nodes.values(), example.inputs, strict=True):
        node.types = (given,)
    graph = sketch.graph(out=sketch.add("op", kind.name, *sketch.nodes, **example.attributes))
    inputs = [draw(given, example.below) for given in example.inputs]
    told = memory(graph).inference.peak
    with without_kernels(kind):
        held = peak_bytes(emit(graph), inputs)
    assert told == (pytest.approx(held, rel=ROUGHLY) if kind.is_loop else held)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("kind", "example"), CASES)
def test_a_view_lies_in_the_memory_of_the_first_input(kind: type[Op], example: Example, phase: Phase) -> None:
    op = kind.model_validate(dict(example.attributes))
    inputs = _inputs(example)
    outputs, _ = run(op, example.inputs, inputs, training=phase == "training")
    places = {_place(tensor) for tensor in outputs}
    assert (places == {_place(tensor) for tensor in inputs[:1]}) == op.gives_view(phase, *example.inputs)


def test_what_is_known_of_memory_is_known_of_half_precision() -> None:
    batch_norm = find("batch_norm")
    assert batch_norm is not None
    images = TensorType((2, 6, 4, 5), "bfloat16")
    assert batch_norm().keeps([images], [images]) == Kept(inputs=(0,), extra=2 * 6 * 2)


ROUGHLY = 0.4
"""How far what is told of a loop may be from what it holds, which its calls of torch decide one by one."""


@contextmanager
def without_kernels(op: Op | type[Op]) -> Iterator[None]:
    """Let torch run loops as loops: how much oneDNN's kernels keep differs from one processor to the next."""
    enabled = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = enabled and not op.is_loop  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = enabled


def _inputs(example: Example) -> list[torch.Tensor]:
    tensors = [draw(given, example.below) for given in example.inputs]
    return [tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in tensors]


def _told_apart(
    saved: Sequence[torch.Tensor],
    inputs: Sequence[torch.Tensor],
    outputs: Sequence[torch.Tensor],
    made: Made,
) -> Kept:
    """Saved tensors as inputs, outputs and others, without weights; what lies in one memory counts once."""
    weights = [*made.parameters.values(), *made.buffers.values(), *made.own]
    places = {_place(tensor): tensor.untyped_storage().nbytes() for tensor in saved}
    of_inputs, of_outputs = [_place(tensor) for tensor in inputs], [_place(tensor) for tensor in outputs]
    known = {*of_inputs, *of_outputs, *map(_place, weights)}
    extra: Size = sum(taken for place, taken in places.items() if place not in known)
    return Kept(
        tuple(index for index, place in enumerate(of_inputs) if place in places),
        _all_or_some([place in places and place not in of_inputs for place in of_outputs]),
        extra,
    )


def _all_or_some(kept: Sequence[bool]) -> bool | tuple[int, ...]:
    """Whether all outputs are kept or none; else which."""
    return all(kept) if len(set(kept)) == 1 else tuple(index for index, is_kept in enumerate(kept) if is_kept)


def _place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
