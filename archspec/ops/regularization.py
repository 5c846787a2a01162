"""Regularisation: noise while training, nothing in eval mode."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from archspec.ir.attributes import COUNT, Fraction, PositiveNumber, one_of
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Example, Kept, KnownSign, Op, Step
from archspec.ir.types import TensorType
from archspec.ops._shared import bytes_of, changed, need_rank_from, spatial
from archspec.ops._windows import IMAGES, need_room

_Odd: TypeAlias = Annotated[
    int,
    replace(
        COUNT,
        read=lambda value: odd if (odd := COUNT.read(value)) is not None and odd % 2 else None,
        expected="an odd whole number above 0",
        schema=COUNT.schema | {"not": {"multipleOf": 2}},
    ),
]


class _Dropout(Op):
    category: ClassVar[str] = "regularization"
    linear: ClassVar[bool] = True
    noise: ClassVar[bool] = True
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "p"

    p: Fraction = 0.5
    """The chance of being dropped; papers often print the chance of being kept."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(extra=bytes_of(0 if self.p == 0 else self._noise(inputs[0]), inputs[0]))

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        return phase == "eval" or self.p == 0

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("p",) if self.p == 0 else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("module", self._module(x), settings=changed(p=(self.p, 0.5)))]

    def _noise(self, x: TensorType) -> Size:
        """How many numbers it multiplies by: one 0 where all is dropped."""
        return 1 if self.p == 1 else x.elements

    def _module(self, x: TensorType) -> str:
        return "torch.nn.Dropout"


class Dropout(_Dropout):
    """While training, set each value to 0 with chance `p` and divide the others by `1 - p` (Srivastava et al. 2014)."""

    name: ClassVar[str] = "dropout"
    sign: ClassVar[KnownSign | None] = "kept"


class ChannelDropout(_Dropout):
    """While training, set whole channels to 0 with chance `p`, divide the others by `1 - p` (Tompson et al. 2015)."""

    name: ClassVar[str] = "channel_dropout"
    also: ClassVar[tuple[str, ...]] = ("dropout1d", "dropout2d", "dropout3d", "spatialdropout")
    sign: ClassVar[KnownSign | None] = "kept"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        return super().infer(must, x)

    def _module(self, x: TensorType) -> str:
        return f"torch.nn.Dropout{spatial(x.rank)}"

    def _noise(self, x: TensorType) -> Size:
        return 1 if self.p == 1 else product(x.shape[:2])


class StochasticDepth(_Dropout):
    """While training, set whole samples to 0 with chance `p` and divide the others by `1 - p` (Huang et al. 2016).

    At the end of a residual branch this leaves the branch out, and the network is as much shallower.
    """

    name: ClassVar[str] = "stochastic_depth"
    also: ClassVar[tuple[str, ...]] = ("droppath",)
    sign: ClassVar[KnownSign | None] = "kept"

    p: Fraction
    """The chance that a sample is dropped; papers often print the chance of surviving."""
    mode: Annotated[str, one_of("row", "batch")] = "row"
    """Whether every sample of a batch is dropped or kept by itself, or all of them together."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 1, "[N, ...]")
        return super().infer(must, x)

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"p": self.p} | changed(mode=(self.mode, "row"))
        return [Step("module", "archspec.backends.composites.StochasticDepth", settings=settings)]

    def _noise(self, x: TensorType) -> Size:
        return x.shape[0] if self.mode == "row" else 1


class AlphaDropout(_Dropout):
    """While training, set values to the lower limit of `selu` with chance `p`; mean and variance stay what they were.

    Klambauer et al. 2017, Self-normalizing neural networks.
    """

    name: ClassVar[str] = "alpha_dropout"

    def _module(self, x: TensorType) -> str:
        return "torch.nn.AlphaDropout"


class FeatureAlphaDropout(_Dropout):
    """An `alpha_dropout` of whole channels (axis 1)."""

    name: ClassVar[str] = "feature_alpha_dropout"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 2, "[N, C, ...]")
        return super().infer(must, x)

    def _module(self, x: TensorType) -> str:
        return "torch.nn.FeatureAlphaDropout"

    def _noise(self, x: TensorType) -> Size:
        return 1 if self.p == 1 else product(x.shape[:2])


class DropBlock(_Dropout):
    """While training, set blocks of neighbouring places to 0, about a share of `p` of all, and scale up the others.

    Ghiasi et al. 2018, DropBlock: dropout for convolutions, whose neighbouring values say much the same.
    """

    name: ClassVar[str] = "drop_block"
    sign: ClassVar[KnownSign | None] = "kept"

    p: Fraction
    """The chance that a value is dropped; papers often print the chance of being kept."""
    size: _Odd = 7
    """How large a block is along every spatial axis: an odd number, while training at most the size of the input."""
    eps: PositiveNumber = 1e-6
    """Added to the number of values that are kept before it is divided by."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        if self.p:
            with must.in_training():
                self._need_room(must, x)
        return super().infer(must, x)

    def _need_room(self, must: Conditions, x: TensorType) -> None:
        message = f"a block of size {self.size} does not fit into {x}"
        need_room(
            must,
            [side - self.size + 1 for side in x.shape[2:]],
            lambda: message,
            attribute="size",
            help="a smaller block, or a larger input",
        )

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # What is kept, and one number that is scaled by.
        return Kept(extra=bytes_of(0 if self.p == 0 else inputs[0].elements + 1, inputs[0]))

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"p": self.p} | changed(size=(self.size, 7), eps=(self.eps, 1e-6))
        return [Step("module", "archspec.backends.composites.DropBlock", settings=settings)]


Dropout.examples = AlphaDropout.examples = (
    Example({}, (TensorType((2, 3)),)),
    Example({"p": 0}, (TensorType((2, 3, 4, 5)),)),
)
ChannelDropout.examples = (
    Example({"p": 0.2}, (TensorType((2, 3, 4, 5)),)),
    Example({}, (TensorType((2, 3, 4)),)),
    Example({"p": 1}, (TensorType((2, 3, 2, 2, 2)),)),
    Example({"p": 0}, (TensorType((2, 3, 2)),)),
)
FeatureAlphaDropout.examples = (
    Example({}, (TensorType((2, 3, 4, 5)),)),
    Example({"p": 1}, (TensorType((2, 3)),)),
    Example({"p": 0}, (TensorType((2, 3)),)),
)
DropBlock.examples = (
    Example({"p": 0.5}, (TensorType((2, 3, 9, 8)),)),
    Example({"p": 0.5, "size": 3, "eps": 1e-3}, (TensorType((2, 3, 4)),)),
    Example({"p": 1, "size": 1}, (TensorType((2, 3, 2, 3, 2)),)),
    Example({"p": 0, "size": 3}, (TensorType((2, 3, 4, 3)),)),
)
StochasticDepth.examples = (
    Example({"p": 0.2}, (TensorType((2, 3, 4, 5)),)),
    Example({"p": 0.2, "mode": "batch"}, (TensorType((4, 5, 3)),)),
    Example({"p": 1}, (TensorType((2, 3)),)),
    Example({"p": 0}, (TensorType((2, 3)),)),
)
