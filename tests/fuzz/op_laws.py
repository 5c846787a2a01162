"""What has to hold of every use of an op: what is accepted runs as inferred, and what is refused torch refuses."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import torch
from pydantic import ValidationError

from archspec.backends.flops import flop_counter
from archspec.ir.conditions import Failure
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from tests.fuzz.attributes import accepts
from tests.fuzz.op_cases import OpCase
from tests.fuzz.stated import stated
from tests.fuzz.symbol_laws import symbolic_disagreement
from tests.fuzz.verdict import Verdict
from tests.ops.runner import Made, draw, infer, run, type_of

_MOST_ELEMENTS = 2_000_000


def judge(case: OpCase, random: Random) -> Verdict:
    """Ask archspec, ask torch, and compare."""
    try:
        op = case.kind.model_validate(dict(case.attributes))
    except ValidationError as error:
        return _judge_malformed(case, error)
    types, must = infer(op, *case.inputs)
    if types is None or must.failures:
        return judge_refused(op, case.inputs, must.failures[0], case.below)
    if any(not isinstance(kind.elements, int) or kind.elements > _MOST_ELEMENTS for kind in types):
        return Verdict("not asked", reason="too large to run")
    found = "" if not (must.pending or must.skipped) else "fixed sizes are decided: conditions are left over"
    if any(isinstance(side, int) and side < 1 for kind in types for side in kind.shape):
        found = found or f"every side is positive: {_listed(types)} was inferred"
    found = found or _disagreement(op, case, types, random)
    return Verdict("accepted", found or symbolic_disagreement(op, case.inputs, random))


def judge_refused(op: Op, inputs: Sequence[TensorType], failure: Failure, below: int = 8) -> Verdict:
    """Ask torch about what a shape rule refuses; it refuses what it does not run in both modes."""
    reason = failure.name
    if not can_be_asked(op, inputs):
        return Verdict("not asked", reason=reason)
    try:
        outputs = [output for training in (False, True) for output in execute(op, inputs, below, training)[0]]
    except Exception:  # whatever torch raises is a refusal
        return Verdict("refused", reason=reason)
    if any(0 in output.shape for output in outputs) or stated(op, inputs, reason):
        return Verdict("stated", reason=reason)
    given = " and ".join(str(type_of(output)) for output in outputs[: len(outputs) // 2])
    law = "what is refused torch refuses"
    return Verdict("refused", f"{law}: torch gives {given}, but {reason}: {failure.message}", reason)


def can_be_asked(op: Op, inputs: Sequence[TensorType]) -> bool:
    """Whether there is a torch call to make: some refuse what cannot even be written as one."""
    try:
        op.lower(*inputs)
    except Exception:
        return False
    return True


def _judge_malformed(case: OpCase, error: ValidationError) -> Verdict:
    """Where each attribute is right by itself, and only their combination is not, torch is asked about it."""
    op = _unchecked(case)
    where = error.errors()[0]
    if op is None:
        return Verdict("malformed")
    return judge_refused(op, case.inputs, Failure("wrong-value", where["msg"]), case.below)


def _unchecked(case: OpCase) -> Op | None:
    """The op without the checks over several of its attributes; None where one is wrong by itself."""
    fields = case.kind.model_fields
    missing = {name for name, field in fields.items() if field.is_required()} - set(case.attributes)
    if missing or set(case.attributes) - set(fields):
        return None
    try:
        values = {name: accepts(fields[name]).validate(value) for name, value in case.attributes.items()}
    except Exception:
        return None
    return case.kind.model_construct(**values)


def execute(op: Op, inputs: Sequence[TensorType], below: int, training: bool) -> tuple[tuple[torch.Tensor, ...], Made]:
    """What torch gives for random tensors of some types, which lie in memory in any order of axes while training."""
    torch.manual_seed(0)
    tensors = [draw(given, op.index_bound() or below) for given in inputs]
    tensors = [_scattered(tensor) for tensor in tensors] if training else tensors
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(op, inputs, tensors, training=training)


def _scattered(tensor: torch.Tensor) -> torch.Tensor:
    """The same tensor with its axes in another order in memory, as it comes from a `permute`."""
    order = torch.randperm(tensor.dim()).tolist()
    back = sorted(range(len(order)), key=order.__getitem__)
    return tensor.permute(order).contiguous().permute(back)


def _disagreement(op: Op, case: OpCase, types: tuple[TensorType, ...], random: Random) -> str:
    """Who says what, where the inferred and the executed differ."""
    for training in (False, True):
        mode = "training" if training else "eval"
        try:
            outputs, made = execute(op, case.inputs, case.below, training)
        except Exception as error:
            return f"what is accepted runs: torch refuses it in {mode} mode, {type(error).__name__}: {error}"
        executed = tuple(map(type_of, outputs))
        if executed != types or len(types) != len(op.output_names()):
            return f"types are as inferred: {_listed(types)} was inferred, {_listed(executed)} came out in {mode} mode"
    differing = [*_weights(op, case, made)]
    if differing:
        return f"weights are as declared: {differing[0]}"
    return _macs(op, case, types) if random.random() < 0.1 else ""


def _weights(op: Op, case: OpCase, made: Made) -> Iterator[str]:
    declared = op.weights(*case.inputs)
    state: dict[str, Any] = made.parameters | made.buffers
    for name in {*state, *declared} - made.read:
        kind = TensorType(declared[name].shape, declared[name].dtype) if name in declared else None
        if name not in state or kind != type_of(state[name]):
            yield f"`{name}` is {kind}, but torch has {type_of(state[name]) if name in state else None}"


def _macs(op: Op, case: OpCase, types: tuple[TensorType, ...]) -> str:
    with flop_counter() as counter:
        execute(op, case.inputs, case.below, training=False)
    inferred, counted = op.macs(case.inputs, types), counter.get_total_flops()
    return "" if 2 * inferred == counted else f"MACs are as inferred: {inferred} is not half of {counted}"


def _listed(types: Sequence[TensorType]) -> str:
    return " and ".join(map(str, types))
