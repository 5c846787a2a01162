"""How inputs that are joined have to agree, and which of them is the odd one where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN, Size, are_equal
from archspec.ir.types import Shape, TensorType

_AXES = {
    2: ("batch", "features"),
    4: ("batch", "channels", "height", "width"),
    5: ("batch", "channels", "depth", "height", "width"),
}
_SPACE = "`padding: same`, or the same kernel, stride and padding on every branch, keeps branches of one size"
_BOTH = "a `conv` of kernel 1, of the other branches' channels and strides, brings a branch to their shape"
_CHANNELS = "a `conv` of kernel 1 brings a branch to any number of channels"


def need_one_dtype(must: Conditions, op: str, inputs: Sequence[TensorType]) -> None:
    """Demand the same dtype everywhere: nothing is converted silently."""
    for index, other in enumerate(inputs):
        if other.dtype != inputs[0].dtype:
            must.fail(
                "wrong-dtype",
                f"`{op}` needs one dtype, but input {index + 1} is {other} where input 1 is {inputs[0]}",
                ports=(index, 0),
            )


def need_real_numbers(must: Conditions, op: str, inputs: Sequence[TensorType]) -> None:
    """Demand real numbers everywhere."""
    for port, given in enumerate(inputs):
        must.be_floating(given, op=op, port=port)


def need_one_rank(must: Conditions, op: str, inputs: Sequence[TensorType]) -> None:
    """Demand equally many axes."""
    for index, other in enumerate(inputs):
        if other.rank != inputs[0].rank:
            must.refuse(
                "shape-mismatch",
                f"`{op}` needs equally many axes, but input {index + 1} is {other} where input 1 is {inputs[0]}",
                ports=(index, 0),
            )


def need_two(must: Conditions, op: str, inputs: Sequence[TensorType]) -> None:
    """Demand two inputs of an op that may hold `branches` like those that join any number."""
    if len(inputs) != 2:
        must.refuse("wrong-input-count", f"`{op}` joins 2 inputs, but there are {len(inputs)}")


def agree(
    must: Conditions,
    op: str,
    inputs: Sequence[TensorType],
    shapes: Sequence[Sequence[Size]],
    axes: Iterable[int],
    *,
    broadcast: bool = False,
) -> dict[int, Size]:
    """Demand equal dims on some axes, and give them by axis.

    `shapes` are those of `inputs`, brought to one rank. With `broadcast` a dim that is literally 1 goes with any other.
    An axis on which inputs disagree is `UNKNOWN`; each odd input is one failure, whatever number of axes it is odd on.
    """
    agreed: dict[int, Size] = {}
    clashes: dict[tuple[int, int], list[int]] = {}
    for axis in axes:
        column = [shape[axis] for shape in shapes]
        known = [dim for dim in column if dim is not UNKNOWN and not (broadcast and dim == 1)]
        must.skipped |= any(dim is UNKNOWN for dim in column)
        agreed[axis] = known[0] if known else UNKNOWN if UNKNOWN in column else 1
        if all(dim == known[0] for dim in known):
            continue
        usual = Counter(known).most_common(1)[0][0]
        reference = column.index(usual)
        agreed[axis] = usual
        for index, dim in enumerate(column):
            if dim is UNKNOWN or dim == usual or (broadcast and dim == 1):
                continue
            equal = are_equal(dim, usual)
            if equal is None:
                message = _disagreement(op, inputs, index, reference, [axis], len(shapes[0]))
                must.doubt(dim - usual, message, ports=(index, reference))
            elif not equal:
                clashes.setdefault((index, reference), []).append(axis)
                agreed[axis] = UNKNOWN
    for (index, reference), odd in clashes.items():
        rank = len(shapes[0])
        one_rank = inputs[index].rank == inputs[reference].rank
        help = (
            None
            if rank <= 3 or not one_rank or 0 in odd
            else _SPACE
            if min(odd) >= 2
            else _CHANNELS
            if odd == [1]
            else _BOTH
        )
        must.fail(
            "shape-mismatch",
            _disagreement(op, inputs, index, reference, odd, rank),
            ports=(index, reference),
            help=help,
            axis=odd[0] if len(odd) == 1 else None,
        )
    return agreed


def broadcast(must: Conditions, op: str, inputs: Sequence[TensorType], shapes: Sequence[Shape] | None = None) -> Shape:
    """Demand shapes that go with each other, those of the inputs where no others are given; what they make together."""
    padded = _of_one_rank([given.shape for given in inputs] if shapes is None else shapes)
    return tuple(agree(must, op, inputs, padded, range(len(padded[0])), broadcast=True).values())


def broadcast_shape(left: Shape, right: Shape) -> Shape:
    """The shape of a product of two tensors that go with each other."""
    return tuple(b if a == 1 else a for a, b in zip(*_of_one_rank([left, right]), strict=True))


def _of_one_rank(shapes: Sequence[Shape]) -> list[Shape]:
    """Missing first axes count as 1."""
    rank = max(map(len, shapes))
    return [(1,) * (rank - len(shape)) + shape for shape in shapes]


def _disagreement(
    op: str, inputs: Sequence[TensorType], index: int, reference: int, axes: Sequence[int], rank: int
) -> str:
    names = [_AXES[rank][axis] if rank in _AXES else f"axis {axis}" for axis in axes]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return (
        f"`{op}` needs equal {listed} on every branch, "
        f"but input {index + 1} is {inputs[index]} where input {reference + 1} is {inputs[reference]}"
    )


def need_equal_sides(
    must: Conditions, op: str, pair: tuple[TensorType, TensorType], axes: Iterable[int], what: str
) -> None:
    """Demand that the first two inputs have equal sides on some axes; `what` says why. One failure at most."""
    first, second = pair
    message = f"`{op}` needs {what}, but input 2 is {second} where input 1 is {first}"
    if second.rank != first.rank:
        must.refuse("shape-mismatch", message, ports=(1, 0))
    for axis in axes:
        left, right = first.shape[axis], second.shape[axis]
        if must.be_equal(left, right, message, ports=(1, 0)) is UNKNOWN and UNKNOWN not in (left, right):
            return
