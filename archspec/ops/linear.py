"""Linear layers: products with a learned matrix."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

from pydantic import model_validator

from archspec.ir.attributes import Count, Flag, whole, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import LIMIT, Size
from archspec.ir.op import Arg, Example, Op, Sight, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._joining import need_equal_sides
from archspec.ops._shared import bytes_of, changed, fixed, known_size, need_float32, need_rank_from


class Linear(Op):
    """Multiply the last axis by a learned matrix; all other axes stay. Also called fully connected, or dense."""

    name: ClassVar[str] = "linear"
    also: ClassVar[tuple[str, ...]] = ("dense", "fullyconnected", "fc", "innerproduct")
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "linear"
    shorthand: ClassVar[str | None] = "features"

    features: Count
    """The size of the last axis of the output."""
    bias: Flag = True
    """Whether a learned number is added to every feature."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 2, "[N, ..., features]")
        need_float32(must, x, self.name)
        known_size(must, x, x.rank - 1, self.name, "features")
        return TensorType((*x.shape[:-1], self.features), x.dtype)

    def sees(self, x: TensorType) -> Sight | None:
        return "here" if x.rank == 2 else None

    def weights(self, x: TensorType) -> dict[str, Weight]:
        weights = {"weight": Weight((self.features, fixed(x.shape[-1])))}
        return weights | ({"bias": Weight((self.features,))} if self.bias else {})

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return outputs[0].elements * inputs[0].shape[-1]

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"in_features": x.shape[-1], "out_features": self.features} | changed(bias=(self.bias, True))
        return [Step("module", "torch.nn.Linear", settings=settings)]


class Bilinear(Op):
    """Multiply the last axes of two inputs by a learned matrix each of `features` times: x W y for every W.

    All other axes have to be equal, and stay (Tenenbaum and Freeman 2000, Separating style and content with bilinear
    models).
    """

    name: ClassVar[str] = "bilinear"
    category: ClassVar[str] = "linear"
    inputs: ClassVar[tuple[str, ...]] = ("x", "y")
    shorthand: ClassVar[str | None] = "features"

    features: Count
    """The number of matrices, and so the size of the last axis of the output."""
    bias: Flag = True
    """Whether a learned number is added to every feature."""

    def infer(self, must: Conditions, x: TensorType, y: TensorType) -> TensorType:
        for port, given in enumerate((x, y)):
            need_rank_from(must, given, 2, "[N, ..., features]", port)
            need_float32(must, given, self.name, port)
            known_size(must, given, given.rank - 1, self.name, "features", port)
        need_equal_sides(must, self.name, (x, y), range(x.rank - 1), "equal sides but for the last")
        return TensorType((*x.shape[:-1], self.features), x.dtype)

    def weights(self, x: TensorType, y: TensorType) -> dict[str, Weight]:
        weights = {"weight": Weight((self.features, fixed(x.shape[-1]), fixed(y.shape[-1])))}
        return weights | ({"bias": Weight((self.features,))} if self.bias else {})

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        x, y = inputs
        return outputs[0].elements * ((x.shape[-1] + 1) * y.shape[-1])

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The products, to which the bias is still to be added.
        return bytes_of(outputs[0].elements, outputs[0]) if self.bias else 0

    def lower(self, x: TensorType, y: TensorType) -> list[Step]:
        settings = {"in1_features": x.shape[-1], "in2_features": y.shape[-1], "out_features": self.features}
        return [Step("module", "torch.nn.Bilinear", (Arg(0), Arg(1)), settings | changed(bias=(self.bias, True)))]


class Embedding(Op):
    """Replace every whole number by a learned vector, a row of a table; the vectors become a new last axis."""

    name: ClassVar[str] = "embedding"
    also: ClassVar[tuple[str, ...]] = ("embed",)
    category: ClassVar[str] = "linear"

    tokens: Count
    """The number of rows: inputs are 0 to one less."""
    features: Count
    """The size of a vector."""
    padding_index: Annotated[
        int | None, whole(-LIMIT + 1, "a whole number, the number of a row: 0, or -1 for the last")
    ] = None
    """The row of the token that only fills sequences up: zeros at first, and never learned. Numbered from 0, or from
    -1 backwards."""

    @model_validator(mode="after")
    def _padding_is_a_row(self) -> Self:
        if self.padding_index is not None and not -self.tokens <= self.padding_index < self.tokens:
            raise wrong_value("padding_index", f"a row from 0 to {self.tokens - 1}, or from -{self.tokens} to -1")
        return self

    def index_bound(self) -> int:
        return self.tokens

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        if x.dtype not in ("int64", "int32"):
            must.refuse(
                "wrong-dtype",
                f"`embedding` needs whole numbers, int64 or int32, but its input is {x}",
                ports=(0,),
                help="declare the input with `dtype: int64`",
            )
        return TensorType((*x.shape, self.features))

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"weight": Weight((self.tokens, self.features))}

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"num_embeddings": self.tokens, "embedding_dim": self.features}
        settings |= changed(padding_idx=(self.padding_index, None))
        return [Step("module", "torch.nn.Embedding", settings=settings)]


Linear.examples = (
    Example({"features": 5}, (TensorType((2, 3)),)),
    Example({"features": 5, "bias": False}, (TensorType((2, 4, 3)),)),
    Example({"features": 1}, (TensorType((2, 4, 5, 3)),)),
)
Bilinear.examples = (
    Example({"features": 5}, (TensorType((2, 3)), TensorType((2, 4)))),
    Example({"features": 5, "bias": False}, (TensorType((2, 6, 3)), TensorType((2, 6, 1)))),
    Example({"features": 1}, (TensorType((2, 2, 3, 4)), TensorType((2, 2, 3, 4)))),
)
Embedding.examples = (
    Example({"tokens": 8, "features": 3}, (TensorType((2, 5), "int64"),)),
    Example({"tokens": 9, "features": 1}, (TensorType((2,), "int32"),)),
    Example({"tokens": 8, "features": 3, "padding_index": -1}, (TensorType((2, 5), "int64"),)),
)
