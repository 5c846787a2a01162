"""Padding: a margin around the values."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import model_validator

from archspec.ir.attributes import Distances, Number, OptionalAxis, one_of, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Sight, Step, Window
from archspec.ir.types import TensorType
from archspec.ops._moving import need_places
from archspec.ops._shared import bounded, changed, need_in_range, resolve_axis
from archspec.ops._windows import IMAGES, need_sides, spread

_Mode: TypeAlias = Annotated[
    Literal["constant", "reflect", "replicate", "circular"], one_of("constant", "reflect", "replicate", "circular")
]


class Pad(Op):
    """Put a margin around a sequence, an image or a volume, or around one axis, as wide as wanted at each end.

    The padding of convolutions and pools is the same at both ends; TensorFlow's "SAME" is not where an odd number of
    zeros is missing: the end gets one more than the beginning.
    """

    name: ClassVar[str] = "pad"
    also: ClassVar[tuple[str, ...]] = (
        "zeropad", "zeropadding", "constantpad", "reflectionpad", "mirrorpad", "replicationpad", "circularpad",
    )  # fmt: skip
    category: ClassVar[str] = "shape"
    linear: ClassVar[bool] = True

    begin: Distances = 0
    """How much is put before the first place of every axis: a number, or a list with one for each spatial axis."""
    end: Distances = 0
    """How much is put after the last place of every axis: a number, or a list with one for each spatial axis."""
    axis: OptionalAxis = None
    """The only axis that gets a margin, every spatial axis where nothing is said; 1 adds channels, as a shortcut
    without weights does (He et al. 2015, option A)."""
    mode: _Mode = "constant"
    """What the margin holds: `constant` for one number, `reflect` for what lies as far inside, the border left out,
    `replicate` for the border, `circular` for what lies at the other end."""
    value: Number = 0.0
    """The number that the margin holds in mode `constant`."""

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.mode != "constant" and self.value != 0:
            raise wrong_value("value", "no `value` where the mode is not `constant`")
        if self.mode != "constant" and self.axis is not None:
            raise wrong_value("mode", "`constant` where one `axis` is padded")
        for name, margin in (("begin", self.begin), ("end", self.end)):
            if self.axis is not None and isinstance(margin, tuple):
                raise wrong_value(name, "one number where one `axis` is padded")
        return self

    def gives_sign(self) -> KnownSign | None:
        return "kept" if self.value >= 0 else None

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        need_in_range(must, x, value=self.value)
        if self.axis is None:
            must.have_rank(x, 3, 4, 5, what=IMAGES)
            need_sides(must, x.rank - 2, begin=self.begin, end=self.end)
        else:
            resolve_axis(must, self.axis, x)
        shape = list(x.shape)
        for axis, (begin, end) in self._margins(x).items():
            fits = self._reaches(must, x, axis, begin, "begin") and self._reaches(must, x, axis, end, "end")
            shape[axis] = bounded(must, shape[axis] + begin + end) if fits else UNKNOWN
        return x.with_shape(*shape)

    def _margins(self, x: TensorType) -> dict[int, tuple[int, int]]:
        """By axis: how much is put before and after."""
        if self.axis is not None:
            assert isinstance(self.begin, int)
            assert isinstance(self.end, int)
            return {self.axis % x.rank: (self.begin, self.end)}
        axes = x.rank - 2
        margins = zip(spread(self.begin, axes), spread(self.end, axes), strict=True)
        return dict(enumerate(margins, start=2))

    def _reaches(self, must: Conditions, x: TensorType, axis: int, margin: int, attribute: str) -> bool:
        """Demand as many places as the margin shows; False after a failure."""
        if self.mode not in _UNSEEN:
            return True
        side = x.shape[axis]
        shown = side - _UNSEEN[self.mode]
        message = (
            f"a margin of {margin} in mode `{self.mode}` shows {shown} places at most: axis {axis} of {x} has {side}"
        )
        return need_places(must, shown - margin + 1, message, attribute=attribute)

    def sees(self, x: TensorType) -> Sight | None:
        margins = self._margins(x)
        if self.mode != "constant" and any(map(any, margins.values())):
            return "around"
        return tuple(Window(1, before=margins.get(axis, (0, 0))[0]) for axis in range(2, x.rank)) or "here"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,) if self.mode in ("reflect", "replicate") else ())

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return () if any(map(any, self._margins(x).values())) else ("begin", "end")

    def lower(self, x: TensorType) -> list[Step]:
        margins = self._margins(x)
        ends = [margins.get(axis, (0, 0)) for axis in range(x.rank - 1, min(margins) - 1, -1)]
        settings = changed(mode=(self.mode, "constant"), value=(self.value, 0.0))
        return [Step("function", "torch.nn.functional.pad", (Arg(0), tuple(chain.from_iterable(ends))), settings)]


_UNSEEN = {"reflect": 1, "circular": 0}
"""By mode: how many places of an axis a margin cannot show; those of other modes are as wide as wanted."""
_IMAGE = TensorType((2, 6, 4, 5))

Pad.examples = (
    Example({"begin": 2, "end": 3}, (_IMAGE,)),
    Example({"begin": "0x1", "end": [2, 0], "value": -1.5}, (_IMAGE,)),
    Example({"end": 1}, (TensorType((2, 3, 4)),)),
    Example({"begin": [1, 2, 3]}, (TensorType((1, 2, 3, 4, 5), "float64"),)),
    Example({"axis": 1, "begin": 2, "end": 4}, (_IMAGE,)),
    Example({"axis": -1, "begin": 3, "value": 1}, (TensorType((2, 3)),)),
    Example({"end": [0, 0]}, (_IMAGE,)),
    Example({"mode": "reflect", "begin": 3, "end": [0, 4]}, (_IMAGE,)),
    Example({"mode": "replicate", "begin": 7}, (TensorType((2, 3, 4)),)),
    Example({"mode": "circular", "begin": [1, 4, 2], "end": 3}, (TensorType((1, 2, 3, 4, 5)),)),
)
