"""What ops say of their values is so, all that is so is said, and what is not so is found out."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from archspec.ir.op import Example, KnownSign, Op
from archspec.ir.types import TensorType
from archspec.ops import find, names
from archspec.ops.activation import Tanh
from archspec.ops.arithmetic import Scale
from archspec.ops.normalization import BatchNorm
from archspec.ops.rectifier import Relu
from archspec.ops.regularization import AlphaDropout
from archspec.tools.op_claims import (
    bends_below_0_at,
    claimed,
    does_nothing_at,
    is_linear_at,
    is_noise_at,
    keeps_values_at,
)

SEEM_TO_DO_NOTHING = {"identity", "position_embedding"}
"""The one that is meant to, and the one whose weights start from 0."""


def uses(name: str) -> list[tuple[Op, Example]]:
    """The examples of real numbers alone: whole ones are drawn from 0 on, which tells signs nothing."""
    kind = find(name)
    assert kind is not None
    of_numbers = [example for example in kind.examples if all(given.is_floating for given in example.inputs)]
    return [(kind.model_validate(dict(example.attributes)), example) for example in of_numbers if example.inputs]


@pytest.mark.parametrize("name", names())
def test_an_op_that_is_linear_says_so(name: str) -> None:
    found = uses(name)
    if all(is_linear_at(*use) is not False for use in found):
        assert all(op.is_linear() for op, example in found if is_linear_at(op, example))


@pytest.mark.parametrize("name", sorted({*names()} - SEEM_TO_DO_NOTHING))
def test_an_op_that_does_nothing_says_so(name: str) -> None:
    for op, example in uses(name):
        assert bool(op.does_nothing(*example.inputs)) == does_nothing_at(op, example), example


@pytest.mark.parametrize("name", sorted({*names()} - SEEM_TO_DO_NOTHING))
def test_an_op_that_does_something_in_training_alone_says_so(name: str) -> None:
    for op, example in uses(name):
        idle = bool(op.does_nothing(*example.inputs))
        assert (idle or op.noise or op.name == "identity") == is_noise_at(op, example), example


@pytest.mark.parametrize("name", sorted({*names()} - SEEM_TO_DO_NOTHING))
def test_an_op_that_bends_below_0_alone_or_keeps_values_says_so(name: str) -> None:
    found = uses(name)
    for op, _ in found[:1]:
        assert op.bends_below_0 == all(bends_below_0_at(*use) for use in found)
        assert op.keeps_values == all(keeps_values_at(*use) for use in found)


class LinearTanh(Tanh):
    """It is not."""

    linear: ClassVar[bool] = True


class PositiveTanh(Tanh):
    """It is not."""

    sign: ClassVar[KnownSign | None] = "never negative"


class AlphaKept(AlphaDropout):
    """It keeps no sign while training."""

    sign: ClassVar[KnownSign | None] = "kept"


class TanhBelow0(Tanh):
    """It bends above 0 too."""

    bends_below_0: ClassVar[bool] = True


class NoisyTanh(Tanh):
    """It is no noise."""

    noise: ClassVar[bool] = True


class ReluOfValues(Relu):
    """Its zeros are none of them."""

    keeps_values: ClassVar[bool] = True


class IdleScale(Scale):
    """It scales."""

    def does_nothing(self, *inputs: Any) -> tuple[str, ...]:
        return ("factor",)


class NamelessScale(Scale):
    """What it names is no attribute."""

    def does_nothing(self, *inputs: Any) -> tuple[str, ...]:
        return ("scale",)


class LinearBatchNorm(BatchNorm):
    """Without averages it is not."""

    def is_linear(self) -> bool:
        return True


NOT_LINEAR = "it says that it is linear, or so but for a constant, but in eval mode it is not"


@pytest.mark.parametrize(
    ("op", "sentence"),
    [
        (LinearTanh(), NOT_LINEAR),
        (LinearBatchNorm(track=False), NOT_LINEAR),
        (PositiveTanh(), "it says of the sign of what it gives that it is never negative, but something is below 0"),
        (AlphaKept(), "it says of the sign of what it gives that it is kept, but something is below 0"),
        (TanhBelow0(), "`bends_below_0` says that it gives back what is 0 or more, but it does not"),
        (NoisyTanh(), "`noise` says that it gives back its input in eval mode, but it does not"),
        (ReluOfValues(), "`keeps_values` says that all that comes out came in, but other numbers come out"),
        (IdleScale(factor=2.0), "it says that `factor` let it do nothing, but it does something"),
        (NamelessScale(factor=1.0), "it says that `scale` lets it do nothing, which is no attribute"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Op) else "",
)
def test_a_claim_that_is_not_so_is_found_out(op: Op, sentence: str) -> None:
    assert list(claimed(op, Example({}, (TensorType((4, 5)),)))) == [sentence]
