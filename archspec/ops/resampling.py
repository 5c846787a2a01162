"""Resampling: images and their like on another grid, and places that become channels."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias, TypeGuard

from pydantic import model_validator

from archspec.ir.attributes import NUMBER, Accepts, Count, Flag, OptionalSizes, one_of, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN, Size
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Sight, Step, Window
from archspec.ir.types import TensorType, by
from archspec.ops._moving import Moves
from archspec.ops._shared import bounded, changed, compact, need_full_precision, need_rank_from
from archspec.ops._windows import IMAGES, need_room, need_sides, space_of, spread

_MODES: Final = {
    "nearest": ("nearest",) * 3,
    "nearest_exact": ("nearest-exact",) * 3,
    "linear": ("linear", "bilinear", "trilinear"),
    "cubic": (None, "bicubic", None),
    "area": ("area",) * 3,
}
"""What torch calls each along one, two and three axes."""
_SMOOTH: Final = ("linear", "cubic")

_MOST_PARTS: Final = 2**20
"""Up to such numerators torch's product with a side, in 53 bits, is on the right side of every whole number."""


def _read_scales(value: Any) -> float | tuple[float, ...] | None:
    if isinstance(value, list | tuple):
        scales = tuple(_read_scales(item) for item in value)
        return scales if scales and all(isinstance(scale, float) for scale in scales) else None  # type: ignore[return-value]
    scale: float | None = NUMBER.read(value)
    return scale if scale is not None and scale > 0 else None


_OptionalScales: TypeAlias = Annotated[
    float | tuple[float, ...] | None,
    Accepts(
        _read_scales,
        "a number above 0, or a list with one for each spatial axis such as [1, 2]",
        {"type": ["number", "array"], "exclusiveMinimum": 0, "items": {"type": "number", "exclusiveMinimum": 0}},
    ),
]


class _Interpolation(Op):
    category: ClassVar[str] = "resampling"
    linear: ClassVar[bool] = True
    sight: ClassVar[Literal["around"]] = "around"

    mode: Annotated[str, one_of(*_MODES)] = "nearest"
    """How a value is made of those around its place: the `nearest` one; `nearest_exact`, the same without torch's old
    offset of half a place; `linear` between neighbours along every axis; `cubic`, of images alone; `area`, the mean."""
    align_corners: Flag = False
    """Whether the first and last places of both grids lie on each other, rather than the borders of these places; for
    `linear` and `cubic`."""
    antialias: Flag = False
    """Whether what gets smaller is smoothed before; for `linear` and `cubic` of images."""

    @model_validator(mode="after")
    def _smooths_where_it_can(self) -> Self:
        for name in ("align_corners", "antialias"):
            if getattr(self, name) and self.mode not in _SMOOTH:
                raise wrong_value(name, f"`mode: linear` or `mode: cubic` for `{name}`")
        return self

    def gives_sign(self) -> KnownSign | None:
        return None if self.mode == "cubic" else "kept"

    def _need_mode(self, must: Conditions, x: TensorType) -> None:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        must.be_floating(x, op=self.name)
        if self._word(x) is None:
            must.refuse(
                "wrong-rank",
                f"`mode: {self.mode}` needs [N, C, H, W], but the input is {x}",
                attribute="mode",
                ports=(0,),
            )
        if self.antialias:
            must.have_rank(x, 4, what="`antialias` goes with images: [N, C, H, W]")
            need_full_precision(must, x, self.name)

    def _word(self, x: TensorType) -> str | None:
        return _MODES[self.mode][x.rank - 3]

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        is_pool = self.mode == "area" and any(side != 1 for side in outputs[0].shape[2:])
        return Kept(inputs=(0,)) if is_pool else Kept()

    def _settings(self, x: TensorType) -> dict[str, Any]:
        return changed(
            mode=(self._word(x), "nearest"),
            align_corners=(self.align_corners, False),
            antialias=(self.antialias, False),
        )


class Interpolate(_Interpolation):
    """Bring a sequence, an image or a volume to another size, by values between and around those that there are.

    Scaled by s, a side of x becomes floor(s x), in floating point as torch has it.
    """

    name: ClassVar[str] = "interpolate"
    also: ClassVar[tuple[str, ...]] = ("upsample", "upsampling", "upsamplingnearest", "upsamplingbilinear", "resize")
    shorthand: ClassVar[str | None] = "scale"

    scale: _OptionalScales = None
    """How many times as large it gets: a number, or a list. Where a side is a symbol, decimal fractions will do that
    floating point does not make smaller."""
    size: OptionalSizes = None
    """The size of the output, instead of `scale`: a number, `4x4`, or a list."""

    @model_validator(mode="after")
    def _scale_or_size(self) -> Self:
        if (self.scale is None) == (self.size is None):
            raise wrong_value("scale", "either `scale` or `size`")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        self._need_mode(must, x)
        if self.size is not None:
            need_sides(must, x.rank - 2, size=self.size)
            return x.with_shape(*x.shape[:2], *spread(self.size, x.rank - 2))
        return x.with_shape(*x.shape[:2], *self._scaled(must, x.shape[2:]))

    def _scaled(self, must: Conditions, sides: tuple[Size, ...]) -> list[Size]:
        assert self.scale is not None
        need_sides(must, len(sides), scale=self.scale)
        scales = spread(self.scale, len(sides))
        return need_room(
            must,
            [_times(must, side, scale) for side, scale in zip(sides, scales, strict=True)],
            lambda: f"a scale of {_scale_text(scales)} leaves nothing of the {by(sides)} input",
            attribute="scale",
            help="take a larger scale, or a larger input",
        )

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("scale",) if self.scale is not None and set(spread(self.scale, 1)) == {1} else ()

    def lower(self, x: TensorType) -> list[Step]:
        axes = x.rank - 2
        target: dict[str, Any] = {}
        if self.size is not None:
            target["size"] = compact(spread(self.size, axes))
        elif self.scale is not None:
            target["scale_factor"] = self.scale
        return [Step("function", "torch.nn.functional.interpolate", (Arg(0),), target | self._settings(x))]


class InterpolateLike(_Interpolation):
    """Bring a sequence, an image or a volume to the size of another: what a feature pyramid adds to it then has one.

    Lin et al. 2017, Feature pyramid networks for object detection, section 3. Of the second input, `like`, only the
    spatial sides matter.
    """

    name: ClassVar[str] = "interpolate_like"
    inputs: ClassVar[tuple[str, ...]] = ("x", "like")
    shape_only: ClassVar[tuple[int, ...]] = (1,)

    def infer(self, must: Conditions, x: TensorType, like: TensorType) -> TensorType:
        self._need_mode(must, x)
        return x.with_shape(*x.shape[:2], *space_of(must, self.name, like, x))

    def lower(self, x: TensorType, like: TensorType) -> list[Step]:
        target = "archspec.backends.composites.interpolate_like"
        return [Step("function", target, (Arg(0), Arg(1)), self._settings(x))]


class CropLike(Moves):
    """Cut the middle out of a sequence, an image or a volume, as large as another: what the first U-Net joins.

    Ronneberger et al. 2015, U-Net. Where the margin is odd, its end is the larger. Of the second input, `like`, only
    the spatial sides matter.
    """

    name: ClassVar[str] = "crop_like"
    also: ClassVar[tuple[str, ...]] = ("centercrop",)
    inputs: ClassVar[tuple[str, ...]] = ("x", "like")
    shape_only: ClassVar[tuple[int, ...]] = (1,)

    def infer(self, must: Conditions, x: TensorType, like: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        sides = space_of(must, self.name, like, x)
        need_room(
            must,
            [have - want + 1 for have, want in zip(x.shape[2:], sides, strict=True)],
            lambda: f"there is no {by(sides)} to cut out of the {by(x.shape[2:])} of {x}",
            help="let the first input be the larger one",
        )
        return x.with_shape(*x.shape[:2], *sides)

    def sees(self, x: TensorType, like: TensorType) -> Sight:
        margins = [have - want for have, want in zip(x.shape[2:], like.shape[2:], strict=True)]
        return tuple(Window(1, before=-(margin // 2)) for margin in margins) if _are_known(margins) else "around"

    def lower(self, x: TensorType, like: TensorType) -> list[Step]:
        return [Step("function", "archspec.backends.composites.crop_like", (Arg(0), Arg(1)))]


class PixelShuffle(Moves):
    """Make a `factor` x `factor` square of places of as many channels: [N, C r r, H, W] becomes [N, C, H r, W r].

    Shi et al. 2016, Real-time single image and video super-resolution using a sub-pixel convolutional network. Also
    called depth to space.
    """

    name: ClassVar[str] = "pixel_shuffle"
    also: ClassVar[tuple[str, ...]] = ("depthtospace",)
    category: ClassVar[str] = "resampling"
    shorthand: ClassVar[str | None] = "factor"
    sight: ClassVar[Literal["around"]] = "around"

    factor: Count
    """How many times as large both sides get."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 4, what="[N, C, H, W]")
        batch, channels, height, width = x.shape
        square = self.factor**2
        message = f"{channels} channels do not fall into squares of {self.factor}x{self.factor} places"
        must.be_divisible(channels, square, message, attribute="factor")
        sides = [bounded(must, side * self.factor) for side in (height, width)]
        return x.with_shape(batch, channels // square, *sides)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("factor",) if self.factor == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.nn.functional.pixel_shuffle", (Arg(0), self.factor))]


class PixelUnshuffle(Moves):
    """Make channels of every `factor` x `factor` square of places: [N, C, H r, W r] becomes [N, C r r, H, W].

    The opposite of `pixel_shuffle`. Also called space to depth, and in YOLOv5 focus.
    """

    name: ClassVar[str] = "pixel_unshuffle"
    also: ClassVar[tuple[str, ...]] = ("spacetodepth", "focus")
    category: ClassVar[str] = "resampling"
    shorthand: ClassVar[str | None] = "factor"

    factor: Count
    """How many times as small both sides get."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 4, what="[N, C, H, W]")
        batch, channels, *sides = x.shape
        message = f"the {by(sides)} of {x} do not fall into squares of {self.factor}x{self.factor} places"
        for side in sides:
            if not must.failures:
                must.be_divisible(side, self.factor, message, attribute="factor")
        return x.with_shape(batch, bounded(must, channels * self.factor**2), *(side // self.factor for side in sides))

    def sees(self, x: TensorType) -> Sight:
        return (Window(self.factor, self.factor),) * 2

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("factor",) if self.factor == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.nn.functional.pixel_unshuffle", (Arg(0), self.factor))]


class ChannelShuffle(Moves):
    """Deal the channels of every group out to all groups, so that the next grouped convolution sees them mixed.

    Channel `i` of group `g` becomes channel `i * groups + g` (Zhang et al. 2017, ShuffleNet). The channels are axis 1.
    """

    name: ClassVar[str] = "channel_shuffle"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "groups"

    groups: Count
    """The number of groups."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 3, "[N, C, ...] with spatial axes")
        message = f"{x.shape[1]} channels do not fall into {self.groups} equal groups"
        must.be_divisible(x.shape[1], self.groups, message, attribute="groups")
        return x

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("groups",) if self.groups == 1 else ()  # as many groups as channels may be so at the nominal sizes only

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.channel_shuffle", (Arg(0), self.groups))]


def _times(must: Conditions, side: Size, scale: float) -> Size:
    """The whole part of a side times a scale, as torch computes it: in floating point."""
    if isinstance(side, int):
        return int(float(side) * scale)
    said = Fraction(repr(scale))
    if side is not UNKNOWN and (Fraction(scale) < said or said.numerator > _MOST_PARTS):
        must.refuse(
            "wrong-value",
            f"floating point takes {scale!r} for {float(scale):.20g}, which times the free side {side} rounds unevenly",
            attribute="scale",
            ports=(0,),
            help="take a scale such as 0.5, 0.75 or 2, write `size`, or declare the side as a number",
        )
    return side * said.numerator // said.denominator


def _scale_text(scales: Sequence[float]) -> str:
    return "x".join(f"{scale:g}" for scale in (scales[:1] if len(set(scales)) == 1 else scales))


def _are_known(sides: Sequence[Size]) -> TypeGuard[Sequence[int]]:
    return all(isinstance(side, int) for side in sides)


_SEQUENCE = TensorType((2, 3, 9))
_IMAGE = TensorType((2, 3, 6, 8))
_VOLUME = TensorType((1, 2, 5, 6, 4))

Interpolate.examples = (
    Example({"scale": 2}, (_IMAGE,)),
    Example({"scale": [1.5, 0.5], "mode": "linear"}, (_IMAGE,)),
    Example({"scale": 2, "mode": "cubic", "align_corners": True}, (_IMAGE,)),
    Example({"size": "3x4", "mode": "linear", "antialias": True}, (_IMAGE,)),
    Example({"size": [4, 9], "mode": "area"}, (_IMAGE,)),
    Example({"size": 1, "mode": "area"}, (_SEQUENCE,)),
    Example({"scale": 0.4, "mode": "nearest_exact"}, (_SEQUENCE,)),
    Example({"scale": 3, "mode": "linear"}, (_SEQUENCE,)),
    Example({"scale": [1, 2, 0.5], "mode": "linear", "align_corners": True}, (_VOLUME,)),
    Example({"size": 3}, (_VOLUME,)),
    Example({"scale": [1, 1], "mode": "cubic", "antialias": True}, (_IMAGE,)),
)
InterpolateLike.examples = (
    Example({}, (_IMAGE, TensorType((1, 5, 12, 15)))),
    Example({"mode": "linear", "align_corners": True}, (_SEQUENCE, TensorType((2, 3, 5), "float64"))),
    Example({"mode": "cubic", "antialias": True}, (_IMAGE, TensorType((2, 3, 4, 4), "int64"))),
    Example({"mode": "area"}, (_VOLUME, TensorType((1, 2, 2, 3, 1)))),
)
CropLike.examples = (
    Example({}, (_IMAGE, TensorType((2, 5, 3, 8)))),
    Example({}, (_SEQUENCE, TensorType((1, 1, 4)))),
    Example({}, (TensorType((1, 2, 5, 6, 4), "int64"), TensorType((1, 2, 2, 6, 1)))),
)
PixelShuffle.examples = (
    Example({"factor": 2}, (TensorType((2, 12, 4, 5)),)),
    Example({"factor": 3}, (TensorType((1, 9, 2, 1), "int64"),)),
    Example({"factor": 1}, (_IMAGE,)),
)
PixelUnshuffle.examples = (
    Example({"factor": 2}, (_IMAGE,)),
    Example({"factor": 3}, (TensorType((1, 2, 3, 6), "bool"),)),
    Example({"factor": 1}, (_IMAGE,)),
)
ChannelShuffle.examples = (
    Example({"groups": 3}, (TensorType((2, 6, 4, 5)),)),
    Example({"groups": 2}, (TensorType((2, 6, 5)),)),
    Example({"groups": 1}, (_IMAGE,)),
)
