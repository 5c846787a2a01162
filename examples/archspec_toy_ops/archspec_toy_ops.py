"""Two ops for archspec: a blur that pools, and the largest of some channels."""

from collections.abc import Sequence
from math import comb
from typing import Annotated, ClassVar, Literal

from archspec.ir.attributes import Count, whole
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Op, Result, Step, Weight
from archspec.ir.types import TensorType


class BlurPool(Op):
    """Blur every channel by a binomial filter, and keep every `stride`-th place.

    What is in an image then counts as much wherever it is (Zhang 2019, Making convolutional networks shift-invariant
    again). Borders are mirrored.
    """

    name: ClassVar[str] = "blur_pool"
    category: ClassVar[str] = "pooling"
    shorthand: ClassVar[str | None] = "stride"
    sight: ClassVar[Literal["around"]] = "around"  # no window: at the border a place sees what is mirrored

    stride: Count = 2
    """How far the next place of the output lies further on."""
    taps: Annotated[int, whole(2, "a whole number of 2 or more")] = 3
    """The height and the width of the filter."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 4, what="[N, C, H, W]")
        if x.dtype != "float32":
            must.refuse("wrong-dtype", f"`blur_pool` has a float32 filter, but its input is {x}", ports=(0,))
        channels = must.be_known(x.shape[1], f"`blur_pool` has a filter for each channel, but its input is {x}")
        sides = [self._side(must, side, x) for side in x.shape[2:]]
        return x.with_shape(x.shape[0], channels, *sides)

    def _side(self, must: Conditions, side: Size, x: TensorType) -> Size:
        before, after = self._margins()
        must.be_positive(
            side - before,
            f"a border of {before} mirrors more than there is of {x}",
            attribute="taps",
            help=f"give it sides of at least {before + 1}, or fewer `taps`",
        )
        return (side + before + after - self.taps) // self.stride + 1

    def weights(self, x: TensorType) -> dict[str, Weight]:
        row = [comb(self.taps - 1, place) / 2 ** (self.taps - 1) for place in range(self.taps)]
        channels = x.shape[1]
        assert isinstance(channels, int)
        of_channel = tuple(down * across for down in row for across in row)
        return {"filter": Weight((channels, 1, self.taps, self.taps), "constant", value=of_channel * channels)}

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return outputs[0].elements * self.taps**2

    def lower(self, x: TensorType) -> list[Step]:
        mirrored = Step("function", "torch.nn.functional.pad", (Arg(0), self._margins() * 2), {"mode": "reflect"})
        blurred = Step(
            "function",
            "torch.nn.functional.conv2d",
            (Result(0), Result(1)),
            {"stride": self.stride, "groups": x.shape[1]},
        )
        return [mirrored, Step("weight", name="filter"), blurred]

    def _margins(self) -> tuple[int, int]:
        """What is mirrored before the first place of an axis and after the last."""
        return (self.taps - 1) // 2, self.taps // 2


class Maxout(Op):
    """The largest of every `pieces` neighbouring channels (Goodfellow et al. 2013)."""

    name: ClassVar[str] = "maxout"
    category: ClassVar[str] = "activation"
    shorthand: ClassVar[str | None] = "pieces"

    pieces: Count = 2
    """How many channels become one."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        if x.rank < 2:
            must.refuse("wrong-rank", f"[N, C, ...] is needed here, but the input is {x}", ports=(0,))
        batch, channels, *rest = x.shape
        message = f"`maxout` needs a multiple of {self.pieces} channels, but its input is {x}"
        must.be_divisible(channels, self.pieces, message, attribute="pieces")
        return x.with_shape(batch, channels // self.pieces, *rest)

    def lower(self, x: TensorType) -> list[Step]:
        split = Step("method", "unflatten", (Arg(0), 1, (-1, self.pieces)))
        return [split, Step("method", "amax", (Result(0), 2))]


_IMAGE = TensorType((2, 6, 5, 8))

BlurPool.examples = (
    Example({}, (_IMAGE,)),
    Example({"stride": 1, "taps": 4}, (_IMAGE,)),
    Example({"stride": 3, "taps": 5}, (_IMAGE,)),
)
Maxout.examples = (Example({"pieces": 3}, (_IMAGE,)), Example({}, (TensorType((2, 6)),)))
