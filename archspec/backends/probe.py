"""Probe: what an op gives that has no shape rule, found by running its steps on tensors without memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import torch

from archspec.backends.dtypes import type_of
from archspec.backends.flops import flop_counter
from archspec.backends.run_op import Made, differences, run, torch_name
from archspec.ir.conditions import ProbeError
from archspec.ir.dims import Dim, Size, evaluate, symbols
from archspec.ir.op import Op
from archspec.ir.types import TensorType

_PRIMES: Final = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59)
"""The sizes that symbols without a nominal one are run at: a pair for each, so that they can be told apart."""


def probe(op: Op, inputs: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """The types that an op gives, one a port, as torch finds them in both modes.

    An input may have symbols, such as the batch: the op is run at two sizes of each, and what it gives may have the
    dims of its inputs there, and numbers.

    Args:
        op: the op; its weights and multiply-accumulates are held to the run.
        inputs: their types; all dims are known.

    Raises:
        ProbeError: it does not run, runs otherwise in training mode, is not what it says of itself, or gives dims that
            are neither numbers nor those of an input.
    """
    sizes = [*_sizes(inputs)]
    runs = [_run(op, tuple(given.at(at) for given in inputs)) for at in sizes]
    return tuple(_joined(op, inputs, types, sizes) for types in zip(*runs, strict=True))


def _sizes(inputs: Sequence[TensorType]) -> Iterator[dict[str, int]]:
    """The sizes of the symbols in each run."""
    names = sorted({name for given in inputs for dim in given.shape for name in symbols(dim)})
    if 2 * len(names) > len(_PRIMES):
        raise ProbeError(f"its inputs have {len(names)} symbols, and {len(_PRIMES) // 2} can be told apart")
    for first in range(2 if names else 1):
        yield dict(zip(names, _PRIMES[first::2], strict=False))


def _run(op: Op, inputs: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """The types that a run at fixed sizes gives, having held the op to it."""
    given = {phase: _in_phase(op, inputs, training=phase == "training") for phase in ("training", "eval")}
    if given["training"] != given["eval"]:
        training, evaluated = (_listed(given[phase]) for phase in ("training", "eval"))
        raise ProbeError(f"of {_listed(inputs)} it gives {training} in training mode, and {evaluated} in eval mode")
    return given["eval"]


def _in_phase(op: Op, inputs: tuple[TensorType, ...], *, training: bool) -> tuple[TensorType, ...]:
    try:
        with torch.device("meta"), torch.no_grad(), flop_counter() as counter:
            tensors = [torch.empty(_shape(given), dtype=torch_name(given.dtype)) for given in inputs]
            outputs, made = run(op, inputs, tensors, training=training)
            types = tuple(map(type_of, outputs))
    except Exception as error:  # whatever torch raises, and what a module of the package does
        raise ProbeError(f"of {_listed(inputs)}, {' '.join(str(error).split())[:200]}") from error
    wrong = next(_wrong(op, inputs, types, made, counter.get_total_flops()), None)
    if wrong is not None:
        raise ProbeError(f"of {_listed(inputs)}, {wrong}")
    return types


def _wrong(op: Op, inputs: Sequence[TensorType], types: Sequence[TensorType], made: Made, flops: int) -> Iterator[str]:
    """What an op says of itself and does not do."""
    if len(types) != len(op.output_names()):
        yield f"it gives {len(types)} tensors, but has {len(op.output_names())} ports"
    yield from differences(op.weights(*inputs), made)
    macs = op.macs(inputs, types)
    if flops != 2 * macs:
        yield f"`macs` are {macs}, but torch counts {flops / 2:g}"


def _joined(
    op: Op, inputs: Sequence[TensorType], types: tuple[TensorType, ...], sizes: Sequence[Mapping[str, int]]
) -> TensorType:
    """The type of an output over the symbols, of its types in each run."""
    if len({(given.rank, given.dtype) for given in types}) > 1:
        raise ProbeError(f"it gives {' or '.join(map(str, types))}, as the sizes are")
    known = {dim for given in inputs for dim in given.shape if isinstance(dim, Dim)}
    by_sizes: dict[tuple[Size, ...], Size] = {tuple(evaluate(dim, at) for at in sizes): dim for dim in sorted(known)}

    def joined(sides: tuple[Size, ...]) -> Size:
        if len(set(sides)) == 1:
            return sides[0]
        if sides not in by_sizes:
            raise ProbeError(f"a side of what it gives follows its inputs, {' or '.join(map(str, types))}")
        return by_sizes[sides]

    return types[0].with_shape(*map(joined, zip(*(given.shape for given in types), strict=True)))


def _shape(given: TensorType) -> list[int]:
    return [dim for dim in given.shape if isinstance(dim, int)]


def _listed(types: Sequence[TensorType]) -> str:
    return ", ".join(map(str, types)) or "nothing"
