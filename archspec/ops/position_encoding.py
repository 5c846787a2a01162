"""Positions: where tokens stand, which attention, that sees a set, has to be told."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import model_validator

from archspec.ir.attributes import Axis, Count, Flag, OptionalCount, PositiveNumber, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Step, Weight
from archspec.ir.types import DTYPES, TensorType
from archspec.ops._moving import need_places
from archspec.ops._shared import (
    bounded,
    bytes_of,
    changed,
    fixed,
    known_size,
    need_float32,
    need_rank_from,
    resolve_axis,
)

_COMPOSITES = "archspec.backends.composites"


class _OnTokens(Op):
    category: ClassVar[str] = "position"
    linear: ClassVar[bool] = True

    def _need_tokens(self, must: Conditions, x: TensorType) -> None:
        need_rank_from(must, x, 3, "[N, ..., T, features]")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class PrependTokens(_OnTokens):
    """Put learned tokens before those of every sample, such as the class token of a vision transformer.

    [N, ..., T, features] becomes [N, ..., tokens + T, features] (Devlin et al. 2018; Dosovitskiy et al. 2020). Their
    key is the path of the item; their shape is [1, tokens, features], and they start from 0.
    """

    name: ClassVar[str] = "prepend_tokens"
    also: ClassVar[tuple[str, ...]] = ("classtoken", "clstoken", "registertokens")
    shorthand: ClassVar[str | None] = "tokens"

    tokens: Count = 1
    """How many of them there are."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        self._need_tokens(must, x)
        need_float32(must, x, self.name)
        known_size(must, x, x.rank - 1, self.name, "features")
        *outer, tokens, features = x.shape
        return x.with_shape(*outer, bounded(must, tokens + self.tokens), features)

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"": Weight((1, self.tokens, fixed(x.shape[-1])))}

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("weight", args=()), Step("function", f"{_COMPOSITES}.prepend_tokens", (Arg(0), Result(0)))]


class Positions(Op):
    """Number the places of an axis: 0, 1, 2 and so on, one number a place, as a table of learned positions needs them.

    `embedding` makes rows of them, which `add` spreads over the batch (Radford et al. 2018, GPT).
    """

    name: ClassVar[str] = "positions"
    also: ClassVar[tuple[str, ...]] = ("arange", "range")
    category: ClassVar[str] = "position"
    sign: ClassVar[KnownSign | None] = "never negative"
    shape_only: ClassVar[tuple[int, ...]] = (0,)
    shorthand: ClassVar[str | None] = "below"

    axis: Axis = 1
    """The axis whose places are numbered."""
    below: Count
    """What the numbers stay below: the most places that the axis may have, as many as the table has rows."""

    def gives_below(self) -> int:
        return self.below

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        side = x.shape[axis]
        message = f"`positions` stay below {self.below}, but axis {axis} of {x} has {side} places"
        need_places(must, self.below - side + 1, message, attribute="below")
        return TensorType((side,), "int64")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def lower(self, x: TensorType) -> list[Step]:
        return [
            Step("method", "size", (Arg(0), self.axis)),
            Step("function", "builtins.getattr", (Arg(0), "device")),
            Step("function", "torch.arange", (Result(0),), {"device": Result(1)}),
        ]


class PositionEmbedding(_OnTokens):
    """Add a learned vector to every token, by its position: a row of a table (Gehring et al. 2017).

    The key of the table is the path of the item, and it starts from 0.
    """

    name: ClassVar[str] = "position_embedding"
    also: ClassVar[tuple[str, ...]] = ("positionalembedding", "posembed", "posembedding")
    shorthand: ClassVar[str | None] = "tokens"

    tokens: OptionalCount = None
    """The rows of the table, the first of which fewer tokens take; as many as come in where nothing is said."""
    batched: Flag = False
    """Whether the table is [1, tokens, features], as in vision transformers, and not [tokens, features]."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        self._need_tokens(must, x)
        need_float32(must, x, self.name)
        known_size(must, x, x.rank - 1, self.name, "features")
        if self.tokens is None:
            known_size(must, x, x.rank - 2, self.name, "tokens")
        else:
            message = f"there are positions for {self.tokens} tokens, but the input is {x}"
            need_places(must, self.tokens - x.shape[-2] + 1, message, attribute="tokens")
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        table = (self.tokens or fixed(x.shape[-2]), fixed(x.shape[-1]))
        return {"": Weight((1, *table) if self.batched else table)}

    def lower(self, x: TensorType) -> list[Step]:
        function = "torch.add" if self.tokens is None else f"{_COMPOSITES}.add_rows"
        return [Step("weight", args=()), Step("function", function, (Arg(0), Result(0)))]


class SinusoidalPositions(_OnTokens):
    """Add sines and cosines of the position to every token, which say it in wavelengths from 2 pi to `2 pi base`.

    Number 2i of the token at place p gets `sin(p / base^(2i / features))`, number 2i + 1 the cosine of the same
    (Vaswani et al. 2017). Nothing is learned, and any number of tokens will do.
    """

    name: ClassVar[str] = "sinusoidal_positions"
    also: ClassVar[tuple[str, ...]] = (
        "positionalencoding", "positionencoding", "sinusoidalpositionalencoding", "sinepositionencoding",
    )  # fmt: skip

    base: PositiveNumber = 10000.0
    """What wavelengths grow up to, by 2 pi."""
    interleaved: Flag = True
    """Whether sines and cosines alternate; otherwise all sines go first."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        self._need_tokens(must, x)
        return x

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The wavelengths, the angles, sines and cosines, both together, and that in half precision.
        *_, tokens, features = inputs[0].shape
        waves = (features + 1) // 2
        halved = bytes_of(tokens * features, inputs[0]) if DTYPES[inputs[0].dtype] < 4 else 0
        return _exact(inputs[0]) * waves * (1 + 5 * tokens) + halved

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", f"{_COMPOSITES}.sinusoidal_positions", (Arg(0), self.base, self.interleaved))]


class Rotary(_OnTokens):
    """Turn pairs of numbers of every query or key by angles that grow with its position.

    Pair i of the token at place p is turned by `p / base^(2i / features)`, so that what two tokens make of each other
    depends on how far apart they are (Su et al. 2021, RoFormer). It stands before `attention`, on [..., T, features].
    """

    name: ClassVar[str] = "rotary"
    also: ClassVar[tuple[str, ...]] = ("rope", "rotaryembedding", "rotarypositionembedding")

    base: PositiveNumber = 10000.0
    """What wavelengths grow up to, by 2 pi."""
    interleaved: Flag = True
    """Whether neighbours are pairs; otherwise number i and number `i + features / 2` are."""
    features: OptionalCount = None
    """How many of the first numbers are turned; all where nothing is said."""

    @model_validator(mode="after")
    def _falls_into_pairs(self) -> Self:
        if (self.features or 0) % 2:
            raise wrong_value("features", "an even number, as pairs are turned")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        self._need_tokens(must, x)
        size = x.shape[-1]
        if self.features is None:
            must.be_divisible(size, 2, f"{size} features do not fall into pairs")
        else:
            message = f"`features` is {self.features}, but the last axis of {x} has {size}"
            need_places(must, size - self.features + 1, message, attribute="features")
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(extra=bytes_of(self._turned(inputs[0]) * inputs[0].shape[-2], inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The wavelengths and angles, sines and cosines, what is turned as two halves and together.
        x, turned = inputs[0], self._turned(inputs[0])
        tokens = x.shape[-2]
        turning = 2 * bytes_of(product(x.shape[:-1]) * turned, x)
        rest = 0 if self.features is not None else bytes_of(x.elements, x)
        return _exact(x) * (turned // 2) * (1 + tokens) + bytes_of(turned * tokens, x) + turning - rest

    def _turned(self, x: TensorType) -> Size:
        return x.shape[-1] if self.features is None else self.features

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(features=(self.features, None))
        return [Step("function", f"{_COMPOSITES}.rotate_positions", (Arg(0), self.base, self.interleaved), settings)]


def _exact(x: TensorType) -> int:
    """The bytes of a number that angles are computed in."""
    return max(4, DTYPES[x.dtype])


_TOKENS = TensorType((2, 5, 6))
_HEADS = TensorType((2, 3, 5, 8))

PrependTokens.examples = (Example({}, (_TOKENS,)), Example({"tokens": 4}, (TensorType((2, 3, 5, 6)),)))
Positions.examples = (
    Example({"below": 8}, (TensorType((2, 5), "int64"),)),
    Example({"axis": -2, "below": 4}, (TensorType((2, 4, 3)),)),
)
PositionEmbedding.examples = (
    Example({}, (_TOKENS,)),
    Example({"batched": True}, (TensorType((2, 3, 5, 6)),)),
    Example({"tokens": 8}, (_TOKENS,)),
    Example({"tokens": 5, "batched": True}, (_TOKENS,)),
)
SinusoidalPositions.examples = (
    Example({}, (_TOKENS,)),
    Example({"interleaved": False, "base": 100}, (TensorType((2, 3, 5, 7), "float64"),)),
    Example({}, (TensorType((2, 5, 7), "bfloat16"),)),
)
Rotary.examples = (
    Example({}, (_HEADS,)),
    Example({"interleaved": False, "base": 500000}, (_HEADS,)),
    Example({"features": 4}, (TensorType((2, 3, 5, 7), "float64"),)),
    Example({"features": 2, "interleaved": False}, (TensorType((2, 5, 2), "float16"),)),
)
