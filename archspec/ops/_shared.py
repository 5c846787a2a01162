"""Demands and small conversions that several families of ops share."""

from __future__ import annotations

from typing import Any, Final

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Sight
from archspec.ir.types import DTYPES, TensorType

_LARGEST: Final = {"float16": 65504.0, "bfloat16": 2.0**128 - 2.0**120}
"""The largest numbers of dtypes that hold less than attributes may say."""


def need_float32(must: Conditions, tensor: TensorType, op: str, port: int = 0) -> None:
    """Demand the dtype that weights have."""
    if tensor.dtype != "float32":
        must.refuse(
            "wrong-dtype",
            f"`{op}` has float32 weights, but its input is {tensor}",
            ports=(port,),
            help="declare the input as float32; a whole module is brought to another precision once it is built",
        )


def need_rank_from(must: Conditions, tensor: TensorType, least: int, what: str, port: int = 0) -> None:
    """Demand at least so many axes; `what` describes them: `[N, C, ...]`."""
    if tensor.rank < least:
        must.refuse("wrong-rank", f"{what} is needed here, but the input is {tensor}", ports=(port,))


def need_full_precision(must: Conditions, tensor: TensorType, op: str) -> None:
    """Demand 32 bits or more, where torch has no half precision on a CPU."""
    if tensor.dtype not in ("float32", "float64"):
        must.fail("wrong-dtype", f"`{op}` needs float32 or float64 here, but its input is {tensor}", ports=(0,))


def need_numbers(must: Conditions, tensor: TensorType, op: str, port: int = 0) -> None:
    """Demand whole or real numbers."""
    if tensor.dtype == "bool":
        must.refuse("wrong-dtype", f"`{op}` needs numbers, but its input is {tensor}", ports=(port,))


def need_in_range(must: Conditions, tensor: TensorType, **attributes: float | None) -> None:
    """Demand constants that the dtype of a tensor can hold, where torch converts them to it."""
    largest = _LARGEST.get(tensor.dtype)
    for name, value in attributes.items():
        if largest is not None and value is not None and abs(value) > largest:
            message = f"`{name}` is {value:g}, but the largest number of {tensor} is {largest:g}"
            must.fail("wrong-value", message, attribute=name, ports=(0,))


def known_size(must: Conditions, tensor: TensorType, axis: int, op: str, what: str = "channels", port: int = 0) -> int:
    """Demand a number at the axis that sizes an op's weights, and give it."""
    dim = tensor.shape[axis]
    if isinstance(dim, int):
        return dim
    symbols = [f"`{symbol}`" for symbol in sorted(dim.symbols)]
    return must.be_known(
        dim,
        f"the weights of `{op}` need a fixed number of {what}, but its input is {tensor}",
        port=port,
        help=f"give {' and '.join(symbols)} a size at the input, as in `H=32`",
    )


def fixed(dim: Size) -> int:
    """A dim that the shape rule has already demanded to be a number."""
    assert isinstance(dim, int)
    return dim


def bounded(must: Conditions, side: Size) -> Size:
    """Demand that a sum or product of sides is no more than a tensor may have; `UNKNOWN` after a failure."""
    return must.be_positive(side, "") if isinstance(side, int) else side


def bytes_of(elements: Size, like: TensorType) -> Size:
    """What so many values of the dtype of a tensor take."""
    return elements * DTYPES[like.dtype]


def resolve_axis(must: Conditions, axis: int, tensor: TensorType, attribute: str = "axis", port: int = 0) -> int:
    """Demand an axis that the tensor has, and count it from the first."""
    rank = tensor.rank
    if -rank <= axis < rank:
        return axis % rank
    there = f"its axes are 0 to {rank - 1}, or -{rank} to -1" if rank else "a single number has none"
    must.refuse(
        "wrong-axis",
        f"there is no axis {axis} in {tensor}: {there}",
        attribute=attribute,
        ports=(port,),
    )


def resolve_new_axis(must: Conditions, axis: int, rank: int, attribute: str = "axis") -> int:
    """Demand an axis of an output that has so many, and count it from the first."""
    if not -rank <= axis < rank:
        message = f"there is no axis {axis} in an output of {rank} axes: they are 0 to {rank - 1}, or -{rank} to -1"
        must.refuse("wrong-axis", message, attribute=attribute, ports=(0,))
    return axis % rank


def sight_along(tensor: TensorType, *axes: int, in_space: Sight | None = None) -> Sight | None:
    """What a place sees of an op that does something along axes: the same place, unless one of them is in space."""
    return "here" if all(axis % tensor.rank < 2 for axis in axes) else in_space


def changed(**settings: tuple[Any, Any]) -> dict[str, Any]:
    """Settings given as `name=(value, torch's default)`, without those that say what torch does anyway."""
    return {name: value for name, (value, default) in settings.items() if value != default}


def compact(sides: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all sides are equal: `(3, 3)` is written 3."""
    return sides[0] if len(set(sides)) == 1 else sides


def spatial(rank: int) -> str:
    """What torch puts after the name of a layer for a batch of this rank: `2d` for rank 4."""
    return f"{rank - 2}d"
