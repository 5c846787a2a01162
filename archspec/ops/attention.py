"""Attention: every place gathers from others what they hold, by how well its query goes with their keys."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from archspec.ir.attributes import Count, Flag, Fraction, OptionalCount, OptionalNumber, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Step, Weight
from archspec.ir.types import Shape, TensorType
from archspec.ops._attending import Attending, need_axes
from archspec.ops._joining import agree, need_one_dtype
from archspec.ops._moving import Moves, Views
from archspec.ops._shared import bytes_of, changed, fixed, known_size, need_float32, need_rank_from

_COMPOSITES = "archspec.backends.composites"


class SplitHeads(Views):
    """Cut the last axis into heads: [..., T, heads * size] becomes [..., heads, T, size], as `attention` takes it."""

    name: ClassVar[str] = "split_heads"
    shorthand: ClassVar[str | None] = "heads"

    heads: Count
    """Into how many heads."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 2, "[..., T, features]")
        *outer, tokens, features = x.shape
        message = f"{features} features do not fall into {self.heads} equal heads"
        must.be_divisible(features, self.heads, message, attribute="heads", help="take a divisor of the features")
        return x.with_shape(*outer, self.heads, tokens, features // self.heads)

    def lower(self, x: TensorType) -> list[Step]:
        cut = Step("function", "torch.unflatten", (Arg(0), -1, (self.heads, -1)))
        return [cut, Step("function", "torch.transpose", (Result(0), -3, -2))]


class MergeHeads(Moves):
    """Put heads together again: [..., heads, T, size] becomes [..., T, heads * size]."""

    name: ClassVar[str] = "merge_heads"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 3, "[..., heads, T, size]")
        *outer, heads, tokens, size = x.shape
        return x.with_shape(*outer, tokens, heads * size)

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        return 1 in inputs[0].shape[-3:]

    def lower(self, x: TensorType) -> list[Step]:
        turned = Step("function", "torch.transpose", (Arg(0), -3, -2))
        return [turned, Step("function", "torch.flatten", (Result(0), -2))]


class Attention(Op):
    """Gather values by how well queries go with keys: `softmax(q k^T / sqrt(features)) v`, without learned weights.

    Inputs are q [..., heads, T, features], k and v [..., heads, S, features], and maybe a mask of the scores
    [..., heads, T, S]: numbers that are added, or true where a query may look (Vaswani et al. 2017).
    """

    name: ClassVar[str] = "attention"
    also: ClassVar[tuple[str, ...]] = ("scaleddotproductattention", "sdpa", "dotproductattention")
    sign: ClassVar[KnownSign | None] = "kept"
    category: ClassVar[str] = "attention"
    inputs: ClassVar[tuple[str, ...]] = ("q", "k", "v")
    variadic: ClassVar[bool] = True

    causal: Flag = False
    """Whether query `i` sees keys 0 to `i` only, counted from the first of both; of those, the ones that a mask lets
    it."""
    scale: OptionalNumber = None
    """What scores are multiplied by; 1 through the root of the features of q where nothing is said."""
    grouped: Flag = False
    """Whether k and v may have fewer heads, each for a group of those of q (Ainslie et al. 2023)."""
    dropout: Fraction = 0.0
    """The chance that a weight of the softmax is dropped while training."""

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        if len(inputs) not in (3, 4):
            message = f"`attention` takes q, k, v and maybe a mask, but there are {len(inputs)} inputs"
            must.refuse("wrong-input-count", message)
        query, key, value = inputs[:3]
        must.be_floating(query, op=self.name)
        need_one_dtype(must, self.name, inputs[:3])
        need_axes(must, inputs[:3], least=3, op=self.name, what="[..., heads, T, features]")
        self._need_heads(must, query, key, value)
        message = f"`attention` needs keys as long as queries, but they are {key} and {query}"
        must.be_equal(key.shape[-1], query.shape[-1], message, ports=(1, 0))
        message = f"`attention` needs as many values as keys, but they are {value} and {key}"
        must.be_equal(value.shape[-2], key.shape[-2], message, ports=(2, 1))
        shapes, batch = [given.shape for given in inputs[:3]], range(query.rank - 3)
        outer = agree(must, self.name, inputs[:3], shapes, batch, broadcast=True)
        attending = self._attending(inputs, (*outer.values(), query.shape[-3]))
        attending.need_mask(must, 3, self.name)
        return attending.output

    def _need_heads(self, must: Conditions, query: TensorType, key: TensorType, value: TensorType) -> None:
        message = f"`attention` needs equally many heads of keys and values, but they are {key} and {value}"
        must.be_equal(value.shape[-3], key.shape[-3], message, ports=(2, 1))
        if not self.grouped:
            message = f"`attention` needs as many heads of keys as of queries, but they are {key} and {query}"
            help = "write `grouped: true` where each head of keys is for a group of those of queries"
            must.be_equal(key.shape[-3], query.shape[-3], message, ports=(1, 0), help=help)
            return
        groups = must.be_known(key.shape[-3], f"`attention` needs a fixed number of groups, but keys are {key}", port=1)
        message = f"{query.shape[-3]} heads of queries do not fall into equal groups for {groups} heads of keys"
        must.be_divisible(query.shape[-3], groups, message, attribute="grouped", ports=(0, 1))

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self._attending(inputs, outputs[0].shape[:-2]).macs

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return self._attending(inputs, outputs[0].shape[:-2]).keeps(self.dropout)

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        attending = self._attending(inputs, outputs[0].shape[:-2])
        return attending.peak() - bytes_of(outputs[0].elements, outputs[0])

    def lower(self, *inputs: TensorType) -> list[Step]:
        args = tuple(Arg(index) for index in range(len(inputs)))
        if self.dropout or (self.causal and len(inputs) == 4):  # of torch, no call takes an order beside a mask
            settings = {"dropout": self.dropout} | changed(
                causal=(self.causal, False), scale=(self.scale, None), grouped=(self.grouped, False)
            )
            return [Step("module", f"{_COMPOSITES}.ScaledDotProductAttention", args, settings)]
        settings = changed(is_causal=(self.causal, False), scale=(self.scale, None), enable_gqa=(self.grouped, False))
        return [Step("function", "torch.nn.functional.scaled_dot_product_attention", args, settings)]

    def _attending(self, inputs: Sequence[TensorType], outer: Shape) -> Attending:
        query, key, value, *mask = inputs
        return Attending(query, key, value, outer, mask[0] if mask else None, self.causal)


class MultiHeadAttention(Op):
    """Project to queries, keys and values, attend in several heads side by side, and project what they gathered.

    One input [N, ..., T, features] attends to itself; a second one is attended to, or a second gives keys and a third
    values (Vaswani et al. 2017). Where that has the form, its weights are those of `torch.nn.MultiheadAttention`.
    """

    name: ClassVar[str] = "multi_head_attention"
    also: ClassVar[tuple[str, ...]] = (
        "mha", "selfattention", "multiheadselfattention", "crossattention",
        "groupedqueryattention", "gqa",
    )  # fmt: skip
    category: ClassVar[str] = "attention"
    inputs: ClassVar[tuple[str, ...]] = ("x", "keys", "values")
    variadic: ClassVar[bool] = True
    shorthand: ClassVar[str | None] = "heads"

    heads: Count
    """How many heads there are."""
    kv_heads: OptionalCount = None
    """How many of them have keys and values of their own, which the others share; all where nothing is said."""
    head_size: OptionalCount = None
    """The features of a head; those of the input by the heads where nothing is said."""
    causal: Flag = False
    """Whether place `i` sees places 0 to `i` only; of those, the ones that a mask lets it."""
    mask: Flag = False
    """Whether the last input is a mask of the scores [..., heads, T, S]: added, or true where a place may look."""
    dropout: Fraction = 0.0
    """The chance that a weight of the softmax is dropped while training."""
    bias: Flag = True
    """Whether learned numbers are added to all projections."""

    @model_validator(mode="after")
    def _groups_are_equal(self) -> Self:
        if self.heads % (self.kv_heads or 1):
            raise wrong_value("kv_heads", f"a divisor of the {self.heads} heads")
        return self

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        given = self._given(must, inputs)
        for port, each in enumerate(given):
            need_float32(must, each, self.name, port)
        need_axes(must, given, least=3, op=self.name, what="[N, ..., T, features]")
        for port, each in enumerate(given):
            known_size(must, each, each.rank - 1, self.name, "features", port)
        x = given[0]
        if self.head_size is None:
            message = f"{x.shape[-1]} features do not fall into {self.heads} equal heads"
            help = "take a divisor of the features, or give `head_size`"
            must.be_divisible(x.shape[-1], self.heads, message, attribute="heads", help=help)
        if len(given) == 3:
            message = f"`multi_head_attention` needs as many values as keys, but they are {given[2]} and {given[1]}"
            must.be_equal(given[2].shape[-2], given[1].shape[-2], message, ports=(2, 1))
        shapes = [each.shape for each in given]
        outer = tuple(agree(must, self.name, given, shapes, range(x.rank - 2), broadcast=True).values())
        if self.mask:
            self._attending(inputs, outer).need_mask(must, len(given), self.name)
        return x.with_shape(*outer, *x.shape[-2:])

    def _given(self, must: Conditions, inputs: Sequence[TensorType]) -> Sequence[TensorType]:
        """The inputs but for the mask."""
        given = inputs[: len(inputs) - self.mask]
        if self.mask and not given:
            message = "`multi_head_attention` with `mask: true` needs a mask behind what attends, but there is 1 input"
            help = "name both, as in `from: [x, mask]`, or leave `mask: true` out"
            must.refuse("wrong-input-count", message, attribute="mask", ports=(0,), help=help)
        if len(given) not in (1, 2, 3):
            what = "one to three inputs and a mask" if self.mask else "one to three inputs"
            must.refuse("wrong-input-count", f"`multi_head_attention` takes {what}, but there are {len(inputs)}")
        if len(given) > 1 and not self.mask and _is_mask(given[-1], given[0], given[-2]):
            named = "wrong-dtype" if given[-1].dtype == "bool" else "wrong-rank"
            message = f"`multi_head_attention` makes keys and values of its inputs, but the last is {given[-1]}"
            help = "write `mask: true` where it says which places are seen"
            must.refuse(named, message, ports=(len(given) - 1,), help=help)
        return given

    def weights(self, *inputs: TensorType) -> dict[str, Weight]:
        features, rows = self._features(inputs), self._rows(inputs)
        if len(set(features)) == 1:
            weights = {"in_proj_weight": Weight((sum(rows), features[0]))}
        else:
            names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
            weights = {name: Weight(shape) for name, shape in zip(names, zip(rows, features, strict=True), strict=True)}
        weights |= {"in_proj_bias": Weight((sum(rows),)), "out_proj.weight": Weight((features[0], rows[0]))}
        weights |= {"out_proj.bias": Weight((features[0],))}
        return {name: weight for name, weight in weights.items() if self.bias or not name.endswith("bias")}

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        sources = zip(self._sources(inputs), self._rows(inputs), strict=True)
        projected = sum((source.elements * rows for source, rows in sources), start=0)
        attending = self._attending(inputs, outputs[0].shape[:-2])
        return projected + attending.macs + attending.output.elements * outputs[0].shape[-1]

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        attending = self._attending(inputs, outputs[0].shape[:-2])
        kept, projected = attending.keeps(self.dropout), self._projected(inputs)
        is_packed = len(inputs) - self.mask == 1  # one product made them, and any of them keeps all
        needed = sum((projected[port] for port in ((0, 1, 2) if is_packed and kept.inputs else kept.inputs)), start=0)
        attended = bytes_of(attending.output.elements, outputs[0])
        return Kept(tuple(range(len(inputs) - self.mask)), extra=kept.extra + needed + attended)

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        attending = self._attending(inputs, outputs[0].shape[:-2])
        attended, given = (bytes_of(each.elements, outputs[0]) for each in (attending.output, outputs[0]))
        merged = attended if attending.is_fused() else 2 * attended
        return max(sum(self._projected(inputs), start=0) + attending.peak(), merged, attended + given) - given

    def lower(self, *inputs: TensorType) -> list[Step]:
        count = len(inputs) - self.mask
        args: tuple[Any, ...] = tuple(Arg(index) for index in range(count))
        if self.mask:
            args = (*args, *(None,) * (3 - count), Arg(count))
        features, heads, size = self._features(inputs), self.kv_heads or self.heads, self._size(inputs)
        settings = {"features": features[0], "heads": self.heads, "kv_heads": heads, "head_size": size}
        settings |= {"key_features": features[1], "value_features": features[2]}
        settings |= changed(causal=(self.causal, False), dropout=(self.dropout, 0.0), bias=(self.bias, True))
        return [Step("module", f"{_COMPOSITES}.MultiHeadAttention", args, settings)]

    def _sources(self, inputs: Sequence[TensorType]) -> tuple[TensorType, TensorType, TensorType]:
        """What queries, keys and values are made of."""
        given = inputs[: len(inputs) - self.mask]
        return given[0], given[min(1, len(given) - 1)], given[-1]

    def _features(self, inputs: Sequence[TensorType]) -> list[int]:
        return [fixed(source.shape[-1]) for source in self._sources(inputs)]

    def _size(self, inputs: Sequence[TensorType]) -> int:
        """The features of a head."""
        return self.head_size or fixed(inputs[0].shape[-1]) // self.heads

    def _rows(self, inputs: Sequence[TensorType]) -> list[int]:
        """The features of all queries, keys and values of a place."""
        own = self.kv_heads or self.heads
        return [heads * self._size(inputs) for heads in (self.heads, own, own)]

    def _projected(self, inputs: Sequence[TensorType]) -> list[Size]:
        """The bytes of queries, keys and values."""
        sources = zip(self._sources(inputs), self._rows(inputs), strict=True)
        return [bytes_of(product(source.shape[:-1]) * rows, source) for source, rows in sources]

    def _attending(self, inputs: Sequence[TensorType], outer: Shape) -> Attending:
        heads, size = (self.heads, *(self.kv_heads or self.heads,) * 2), self._size(inputs)
        query, key, value = (
            source.with_shape(*source.shape[:-2], count, source.shape[-2], size)
            for source, count in zip(self._sources(inputs), heads, strict=True)
        )
        mask = inputs[-1] if self.mask else None
        return Attending(query, key, value, (*outer, self.heads), mask, self.causal, strided=True)


def _is_mask(last: TensorType, x: TensorType, keys: TensorType) -> bool:
    """Whether an input can be a mask of the scores only: truth values, or a number for every pair of places."""
    if last.dtype == "bool":
        return True
    pairs = (*x.shape[-2:-1], *keys.shape[-2:-1])
    return last.rank != x.rank and last.shape[-2:] == pairs


_HEADS = TensorType((2, 6, 5, 4))
_TOKENS = TensorType((2, 5, 12))

SplitHeads.examples = (Example({"heads": 3}, (_TOKENS,)), Example({"heads": 2}, (TensorType((2, 3, 5, 4), "int64"),)))
MergeHeads.examples = (Example({}, (_HEADS,)), Example({}, (TensorType((2, 1, 5, 4), "bool"),)))
Attention.examples = (
    Example({}, (_HEADS, _HEADS, _HEADS)),
    Example({"grouped": True, "causal": True}, (_HEADS, TensorType((2, 3, 7, 4)), TensorType((2, 3, 7, 4)))),
    Example({"scale": 0.5}, (_HEADS, _HEADS, _HEADS, TensorType((2, 1, 1, 5), "bool"))),
    Example({"scale": -1}, (_HEADS, _HEADS, _HEADS, TensorType((6, 5, 5)))),
    Example({"causal": True}, (_HEADS, _HEADS, _HEADS, TensorType((2, 1, 1, 5), "bool"))),
    Example({"causal": True, "scale": 0.5}, (_HEADS, _HEADS, _HEADS, TensorType((1, 5)))),
    Example({"causal": True, "dropout": 0.1}, (_HEADS, _HEADS, _HEADS, TensorType((6, 5, 5)))),
    Example(
        {"causal": True},
        (TensorType((1, 1, 2, 1)), TensorType((1, 1, 20, 1)), TensorType((1, 1, 20, 1)), TensorType((2, 20))),
    ),
    Example(
        {"causal": True, "grouped": True},
        (_HEADS, TensorType((2, 3, 7, 4)), TensorType((2, 3, 7, 4)), TensorType((5, 7), "bool")),
    ),
    Example({"grouped": True, "dropout": 0.1}, (_HEADS, TensorType((2, 3, 7, 4)), TensorType((2, 3, 7, 4)))),
    Example({"dropout": 1}, (_HEADS, _HEADS, _HEADS, TensorType((5, 5), "bool"))),
    Example({}, (_HEADS, _HEADS, TensorType((2, 6, 5, 7)))),
    Example({"grouped": True, "causal": True}, (_HEADS, TensorType((2, 2, 5, 4)), TensorType((2, 2, 5, 7)))),
    Example({}, (_HEADS, TensorType((1, 6, 7, 4)), TensorType((1, 6, 7, 4)))),
    Example({}, (TensorType((1, 6, 5, 4)), _HEADS, _HEADS)),
    Example({}, (TensorType((2, 3, 5, 4)), TensorType((2, 3, 6, 4)), TensorType((2, 3, 6, 4)))),
    Example(
        {}, (TensorType((3, 5, 4), "bfloat16"), TensorType((3, 7, 4), "bfloat16"), TensorType((3, 7, 4), "bfloat16"))
    ),
    Example({}, (TensorType((3, 2, 2, 5, 4)), TensorType((3, 2, 2, 5, 4)), TensorType((3, 2, 2, 5, 4)))),
)
MultiHeadAttention.examples = (
    Example({"heads": 3}, (_TOKENS,)),
    Example({"heads": 4, "causal": True, "bias": False}, (_TOKENS,)),
    Example({"heads": 4, "kv_heads": 2, "head_size": 5}, (_TOKENS,)),
    Example({"heads": 3}, (_TOKENS, TensorType((2, 7, 12)))),
    Example({"heads": 3}, (_TOKENS, TensorType((2, 7, 8)), TensorType((2, 7, 10)))),
    Example({"heads": 3, "mask": True}, (_TOKENS, TensorType((2, 1, 1, 5), "bool"))),
    Example({"heads": 3, "mask": True}, (_TOKENS, TensorType((2, 7, 12)), TensorType((5, 7)))),
    Example({"heads": 3, "mask": True, "causal": True}, (_TOKENS, TensorType((2, 1, 1, 5), "bool"))),
    Example({"heads": 3, "mask": True, "causal": True}, (_TOKENS, TensorType((2, 7, 12)), TensorType((1, 7)))),
    Example({"heads": 4, "kv_heads": 1, "mask": True, "causal": True}, (_TOKENS, TensorType((5, 5), "bool"))),
    Example({"heads": 3, "dropout": 0.1}, (_TOKENS,)),
    Example({"heads": 1, "dropout": 0.1}, (_TOKENS,)),
    Example({"heads": 2, "dropout": 0.1}, (TensorType((1, 5, 12)), TensorType((1, 3, 12)))),
    Example({"heads": 4, "dropout": 0.1, "kv_heads": 1}, (TensorType((2, 3, 5, 12)), TensorType((1, 3, 7, 12)))),
)
