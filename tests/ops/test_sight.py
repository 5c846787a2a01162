"""What an op says that it sees is held to the gradients of torch."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest

from archspec.ir.op import Example, Op, Sight, Window
from archspec.ir.types import TensorType
from archspec.ops import find
from archspec.ops.convolution import Conv
from archspec.ops.softmax import Softmax
from archspec.tools.op_places import sees_only


class NearConv(Conv):
    """It sees its neighbours too."""

    def sees(self, x: TensorType) -> Sight:
        return (Window(1), Window(3, before=1))


class LocalSoftmax(Softmax):
    """It sees all of its axis."""

    sight: ClassVar[Literal["here"]] = "here"

    def sees(self, x: TensorType) -> Sight:
        return "here"


IMAGE = TensorType((2, 3, 4, 5))


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (NearConv(channels=2, kernel=3, padding="same"), NearConv(channels=2, kernel=3).sees(IMAGE)),
        (LocalSoftmax(axis=3), "here"),
    ],
)
def test_a_place_that_sees_more_than_is_said_is_found_out(op: Op, said: Sight) -> None:
    (sentence,) = sees_only(op, Example({}, (IMAGE,)))
    assert sentence.startswith(f"`sees` says {said}, but place (")
    assert sentence.endswith(" depends on other places of input 1 too")


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_a_margin_that_shows_places_is_no_window(mode: str) -> None:
    pad = find("pad")
    assert pad is not None
    assert pad.model_validate({"mode": mode, "end": [1, 0]}).sees(IMAGE) == "around"
    assert pad.model_validate({"mode": mode}).sees(IMAGE) == (Window(1), Window(1))
