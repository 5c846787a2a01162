"""Whatever shapes and dtypes come in: what a shape rule accepts, torch runs, and gives what was inferred."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.ir.dims import Size
from archspec.ir.op import Example, Op
from archspec.ir.types import DTYPES, TensorType
from archspec.ops import find, names
from tests.ops.runner import draw as random_tensor
from tests.ops.runner import infer, run, type_of


@st.composite
def near(draw: st.DrawFn, example: Example) -> tuple[TensorType, ...]:
    """Inputs like those of an example, with axes changed, dropped or put in, or of another dtype."""
    dtype = draw(st.none() | st.sampled_from(list(DTYPES)))
    inputs = []
    for given_type in example.inputs:
        shape: list[Size] = list(given_type.shape)
        for axis, change in draw(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 7)), max_size=2)):
            replaced = {-1: [], 0: [1, *shape[axis : axis + 1]]}.get(change, [change])
            shape[axis : axis + 1] = replaced
        inputs.append(TensorType(tuple(shape), dtype or given_type.dtype))
    return tuple(inputs)


@pytest.mark.parametrize("name", names())
def test_what_is_accepted_runs(name: str) -> None:
    kind = find(name)
    assert kind is not None
    cases = st.sampled_from(kind.examples).flatmap(lambda example: st.tuples(st.just(example), near(example)))

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(cases)
    def check(case: tuple[Example, tuple[TensorType, ...]]) -> None:
        example, inputs = case
        _check(kind.model_validate(dict(example.attributes)), inputs, example.below)

    check()


def _check(op: Op, inputs: tuple[TensorType, ...], below: int) -> None:
    types, must = infer(op, *inputs)
    if types is None or must.failures:
        return
    outputs, _ = run(op, inputs, [random_tensor(each, below) for each in inputs], training=False)
    assert types == tuple(type_of(output) for output in outputs)
