"""What ops that move values and compute nothing have in common, and how they name axes and places."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from archspec.ir.attributes import Accepts, of_axes, wholes
from archspec.ir.conditions import Conditions
from archspec.ir.dims import LIMIT, Dim, Size
from archspec.ir.op import Kept, Op
from archspec.ir.types import TensorType
from archspec.ops._shared import resolve_axis

_LEAST: Final = 1 - LIMIT


class Moves(Op):
    """Base of the ops that put values into other places."""

    category: ClassVar[str] = "shape"
    keeps_values: ClassVar[bool] = True
    linear: ClassVar[bool] = True

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        """Nothing: gradients go back to where values came from."""
        return Kept()


class Views(Moves):
    """Base of the ops that leave values where they lie in memory."""

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        """Always."""
        return True


def one_or_more(expected: str) -> Accepts:
    """A whole number or a list of them, of any sign; one number becomes a list of one."""
    many = of_axes(wholes(_LEAST, expected))
    schema = many.schema | {**many.schema["items"], "type": ["integer", "array"]}
    return Accepts(lambda value: many.read(value if isinstance(value, list | tuple) else [value]), expected, schema)


_AXES: Final = one_or_more("an axis such as -1, or a list of axes such as [2, 3]")
AxisOrAxes: TypeAlias = Annotated[tuple[int, ...], _AXES]
"""One axis or several."""
OptionalAxisOrAxes: TypeAlias = Annotated[tuple[int, ...] | None, _AXES]
"""One axis or several; may be left out."""


def resolve_axes(must: Conditions, axes: Sequence[int], tensor: TensorType) -> list[int]:
    """Demand axes that the tensor has, each once, and count them from the first."""
    found = [resolve_axis(must, axis, tensor, "axes") for axis in axes]
    if len(set(found)) < len(found):
        must.refuse(
            "wrong-axis", f"`axes` is {list(axes)}, which has an axis of {tensor} twice", attribute="axes", ports=(0,)
        )
    return found


def need_places(must: Conditions, room: Size, message: str, *, attribute: str) -> bool:
    """Demand that places are there, of which `room` is the number from the last one needed on; False where none is."""
    if isinstance(room, Dim):
        must.be_positive(room, message, attribute=attribute)
    elif room < 1:
        must.fail("index-out-of-range", message, attribute=attribute, ports=(0,))
        return False
    return True
