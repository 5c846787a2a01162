"""What `check_op` finds: every mistake that an op can have, in words, and nothing in an op without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

import archspec
from archspec.ir.attributes import Count
from archspec.ir.op import Example, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops.linear import Linear
from archspec.ops.resampling import CropLike
from archspec.testing import check_op

BATCH = TensorType((2, 3))


class Right(Linear):
    """A linear layer."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"features": 5}, (BATCH,)),
        Example({"features": 1, "bias": False}, (TensorType((2, 4, 3)),)),
    )


def with_method(name: str, method: Callable[..., Any]) -> type[Op]:
    return type("Wrong", (Right,), {"__doc__": "A linear layer.", name: method})


class Undocumented(Linear):
    examples: ClassVar[tuple[Example, ...]] = Right.examples


class Reserved(Right):
    """A linear layer."""

    after: Count = 1

    examples: ClassVar[tuple[Example, ...]] = (Example({"features": 5, "bias": True}, (BATCH,)),)


class Like(CropLike):
    """Cut the middle out."""

    examples: ClassVar[tuple[Example, ...]] = (Example({}, (TensorType((2, 3, 4)), TensorType((2, 3, 2)))),)


def test_an_op_without_mistakes_passes() -> None:
    check_op(Right)


def test_it_is_public() -> None:
    assert archspec.testing.check_op is check_op


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (with_method("infer", lambda self, must, x: x), "[2, 3] is inferred, but torch gives [2, 5]"),
        (
            with_method("infer", lambda self, must, x: TensorType((*x.shape[:-1], self.features), "int64")),
            "int64[2, 5] is inferred, but torch gives [2, 5]",
        ),
        (with_method("macs", lambda self, inputs, outputs: 7), "`macs` are 7, but torch counts 30"),
        (with_method("output_names", lambda self: ("a", "b")), "it has the ports ('a', 'b'), but 1 types are inferred"),
        (
            with_method("weights", lambda self, x: {"weight": Weight((self.features, 4)), "bias": Weight((5,))}),
            "the weight `weight` is declared as [5, 4], but torch makes [5, 3]",
        ),
        (
            type("Wrong", (Like,), {"__doc__": "A linear layer.", "shape_only": (0, 1)}),
            "`shape_only` says that nothing comes of what input 1 holds, but it makes a difference",
        ),
        (with_method("weights", lambda self, x: {}), "the weight `weight` is not declared"),
        (
            with_method("weights", lambda self, x: Right.weights(self, x) | {"more": Weight((1,))}),
            "the weight `more` is declared, but no step makes or reads it",
        ),
        (
            with_method("weights", lambda self, x: dict(reversed(Right.weights(self, x).items()))),
            "the weights are declared in the order ['bias', 'weight'], but made in the order ['weight', 'bias']",
        ),
        (
            with_method("weights", lambda self, x: Right.weights(self, x) | {"bias": Weight((5,), "buffer")}),
            "the weight `bias` is declared as a buffer, but torch has it as another kind",
        ),
        (
            with_method("lower", lambda self, x: [Step("function", "torch.permute", settings={"dims": (5,)})]),
            "torch refuses it in training mode: ",
        ),
        (
            with_method("lower", lambda self, x: [Step("module", "torch.nn.Dropout", settings={"p": 0.5})]),
            "[2, 5] is inferred, but torch gives [2, 3] in eval mode",
        ),
        (
            with_method("infer", lambda self, must, x: must.refuse("wrong-rank", "no batch is taken")),
            "the inputs are refused: no batch is taken",
        ),
        (
            with_method(
                "infer",
                lambda self, must, x: TensorType((must.be_known(x.shape[0], "no"), *x.shape[1:-1], self.features)),
            ),
            "the batch cannot be a symbol",
        ),
        (
            with_method("infer", lambda self, must, x: TensorType((2, *x.shape[1:-1], self.features))),
            "of [4, 6], [2, 5] is inferred, but torch gives [4, 5]",
        ),
        (Undocumented, "the class has no docstring"),
        (Reserved, "no attribute can be called `after`"),
        (Reserved, "no example uses the attribute `after`"),
        (Reserved, "there is no string below the attribute `after`"),
    ],
)
def test_a_mistake_is_said(op: type[Op], said: str) -> None:
    with pytest.raises(AssertionError) as refused:
        check_op(op)
    assert said in str(refused.value)
