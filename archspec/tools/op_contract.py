"""What is demanded of an op: that it is declared in full, and that torch does at its examples what it says.

Each demand yields sentences about what is wrong, and nothing where all is well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import torch
from pydantic import ValidationError

from archspec.backends.dtypes import type_of
from archspec.backends.flops import flop_counter
from archspec.backends.run_op import differences, draw, infer, run
from archspec.ir.describe import attribute_docs
from archspec.ir.dims import Size, evaluate, symbol
from archspec.ir.op import Example, Op
from archspec.ir.types import TensorType
from archspec.language.keys import RESERVED
from archspec.tools.op_claims import claimed
from archspec.tools.op_places import sees_only

TAKEN: Final = RESERVED.union(dir(Op))
"""What no attribute can be called: the keys of items, and what an op has anyway."""


def check_op(op: type[Op]) -> None:
    """Hold an op to torch at its examples: shape, dtype, weights, MACs, at any sizes, and what it says of its values.

    Raises:
        AssertionError: it does not keep the contract; the text says all that is wrong.
    """
    wrong = [*declared(op)]
    for example in op.examples:
        said = f"{dict(example.attributes)} of {', '.join(map(str, example.inputs)) or 'nothing'}"
        wrong += [f"{said}: {sentence}" for sentence in held_at(op, example)]
    if wrong:
        raise AssertionError("\n".join([f"the op `{op.name}` does not keep its contract:", *wrong]))


def held_at(kind: type[Op], example: Example) -> Iterator[str]:
    """What is wrong at one example."""
    try:
        op = kind.model_validate(dict(example.attributes))
    except ValidationError as error:
        yield f"the attributes are refused: {error.errors()[0]['msg']}"
        return
    wrong = [*executed(op, example)]
    yield from wrong
    yield from by_shape(op, example)
    yield from at_symbols(op, example)
    yield from (sentence for claims in (claimed, sees_only) if not wrong for sentence in claims(op, example))


def declared(op: type[Op]) -> Iterator[str]:
    """What is missing, or not as it should be, of what an op says about itself."""
    docs, fields = attribute_docs(op), set(op.model_fields)
    used = {name for example in op.examples for name in example.attributes}
    schema = op.model_json_schema()
    if not vars(op).get("__doc__"):
        yield "the class has no docstring"
    if not op.category:
        yield "`category` says nothing"
    if not op.examples:
        yield "there are no `examples`"
    yield from (f"there is no string below the attribute `{name}`" for name in sorted(fields) if not docs.get(name))
    yield from (f"no example uses the attribute `{name}`" for name in sorted(fields - used))
    yield from (f"no attribute can be called `{name}`" for name in sorted(fields & TAKEN))
    if op.shorthand is not None and op.shorthand not in fields:
        yield f"`shorthand` is `{op.shorthand}`, which is no attribute"
    if "anyOf" in str(schema):
        yield "its JSON Schema has alternatives; the types of `archspec.ir.attributes` have none"


def executed(op: Op, example: Example) -> Iterator[str]:
    """Where torch does something else at an example than what is declared."""
    types, must = infer(op, *example.inputs)
    if types is None or must.failures or must.pending or must.skipped:
        yield from (f"the inputs are refused: {failure.message}" for failure in must.failures)
        yield from (f"a demand is left open: {condition.message}" for condition in must.pending)
        return
    tensors = [draw(given, example.below) for given in example.inputs]
    if len(op.output_names()) != len(types):
        yield f"it has the ports {op.output_names()}, but {len(types)} types are inferred"
    for mode in ("training", "eval"):
        try:
            with flop_counter() as counter:
                outputs, made = run(op, example.inputs, tensors, training=mode == "training")
        except Exception as error:  # whatever torch raises
            yield f"torch refuses it in {mode} mode: {error}"
            return
        given = tuple(map(type_of, outputs))
        if types != given:
            yield f"{_listed(types)} is inferred, but torch gives {_listed(given)} in {mode} mode"
        macs, flops = op.macs(example.inputs, types), counter.get_total_flops()
        if 2 * macs != flops:
            yield f"`macs` are {macs}, but torch counts {flops / 2:g} in {mode} mode"
    yield from differences(op.weights(*example.inputs), made)


def by_shape(op: Op, example: Example) -> Iterator[str]:
    """Which inputs make a difference beyond their shape though it is said that they do not."""
    if not op.shape_only:
        return
    tensors = [draw(given, example.below) for given in example.inputs]
    outputs = _seeded(op, example, tensors)
    for index in op.shape_only:
        others = [*tensors[:index], torch.logical_not(tensors[index]), *tensors[index + 1 :]]
        if not all(map(torch.equal, outputs, _seeded(op, example, others))):
            yield f"`shape_only` says that nothing comes of what input {index + 1} holds, but it makes a difference"


def _seeded(op: Op, example: Example, tensors: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return run(op, example.inputs, tensors)[0]


def at_symbols(op: Op, example: Example) -> Iterator[str]:
    """Where sizes that are symbols come to something else than numbers: those of the example, and twice as much."""
    free = [axis for axis in range(-5, 5) if not infer(op, *_with_symbols(example, [axis])[0])[1].failures]
    if example.inputs and 0 not in free and example.inputs[0].shape[:1] != (1,):
        yield "the batch cannot be a symbol"
    inputs, sizes = _with_symbols(example, free)
    symbolic, must = infer(op, *inputs)
    if symbolic is None or must.failures:
        yield from (f"over symbols the inputs are refused: {failure.message}" for failure in must.failures)
        return
    unmet = [condition for condition in must.pending if not condition.holds(sizes)]
    yield from (f"over symbols a demand is not met by the example: {condition.message}" for condition in unmet)
    yield from _evaluated(op, inputs, symbolic, sizes)
    doubled = {name: 2 * size for name, size in sizes.items()}
    if sizes and not unmet and all(condition.holds(doubled) for condition in must.pending):
        larger = replace(example, inputs=tuple(_at(each, doubled) for each in inputs))
        yield from _evaluated(op, inputs, symbolic, doubled)
        yield from (f"of {_listed(larger.inputs)}, {sentence}" for sentence in executed(op, larger))


def _evaluated(
    op: Op, inputs: tuple[TensorType, ...], symbolic: tuple[TensorType, ...], sizes: Mapping[str, int]
) -> Iterator[str]:
    """Where what is inferred over symbols is not what is inferred at some sizes of them."""
    fixed = tuple(_at(each, sizes) for each in inputs)
    concrete, must = infer(op, *fixed)
    where = f"of {_listed(fixed)}"
    if concrete is None or must.failures:
        yield from (f"{where}, {failure.message}, which is not said over symbols" for failure in must.failures)
        return
    at_sizes = tuple(_at(each, sizes) for each in symbolic)
    if at_sizes != concrete:
        yield f"{where}, {_listed(at_sizes)} is inferred over symbols, but {_listed(concrete)} over numbers"
    over_symbols, over_numbers = evaluate(op.macs(inputs, symbolic), sizes), op.macs(fixed, concrete)
    if over_symbols != over_numbers:
        yield f"{where}, `macs` are {over_symbols} over symbols, but {over_numbers} over numbers"


def _at(given: TensorType, sizes: Mapping[str, int]) -> TensorType:
    return given.with_shape(*(evaluate(dim, sizes) for dim in given.shape))


def _with_symbols(example: Example, axes: Iterable[int]) -> tuple[tuple[TensorType, ...], dict[str, int]]:
    """The inputs with symbols at some axes; equal sizes are one symbol, and 1 stays, as it means something to joins."""
    sizes: dict[str, int] = {}

    def free(given: TensorType) -> TensorType:
        shape: list[Size] = list(given.shape)
        for axis in axes:
            if -given.rank <= axis < given.rank and isinstance(size := shape[axis], int) and size > 1:
                sizes[f"S{size}"] = size
                shape[axis] = symbol(f"S{size}")
        return replace(given, shape=tuple(shape))

    return tuple(free(given) for given in example.inputs), sizes


def _listed(types: Iterable[TensorType]) -> str:
    return ", ".join(map(str, types))
