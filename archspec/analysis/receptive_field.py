"""Receptive fields: which pixels of the input a value can depend on, along every spatial axis.

With `j` the stride and `[first, last]` the pixels that place 0 of the input of a window sees, place 0 of its output
sees `[first - before * j, last + (size - 1 - before) * j]`, and the next place `stride * j` further on (Araujo, Norris
and Sim 2019, Computing receptive fields of convolutional neural networks). Where branches join, the smallest and the
largest field among them are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archspec.ir.graph import Graph, Node
from archspec.ir.op import Sight, Window
from archspec.ir.types import TensorType


@dataclass(frozen=True, slots=True)
class Extent:
    """The pixels that place 0 of a tensor sees along one axis; they may lie outside, in the padding."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many pixels they are."""
        return self.last - self.first + 1

    @property
    def centre(self) -> float:
        """The middle, in pixels from the middle of the first pixel of the input."""
        return (self.first + self.last) / 2


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field of a tensor along one spatial axis of the input."""

    smallest: Extent
    """Along the branches that see least."""
    largest: Extent
    """Along the branches that see most."""
    stride: int
    """How many pixels the next place sees further on."""


def place_word(axes: int) -> str:
    """What a place of the input is called: images and volumes have pixels, sequences have none."""
    return "place" if axes == 1 else "pixel"


def receptive_fields(graph: Graph) -> dict[str, tuple[Field, ...]]:
    """The field of what each node gives, by path, one for every spatial axis of the input; in time linear in nodes.

    A node is left out where places can no longer be told apart (after a `permute`, say), where a side has to be known
    and is not, where one place sees more than another, and where no input has spatial axes.
    """
    found: dict[str, tuple[Field, ...]] = {}
    for node in graph:
        if node.op is None:
            pixel = Field(Extent(0, 0), Extent(0, 0), 1)
            fields: tuple[Field, ...] | None = (pixel,) * max(0, node.types[0].rank - 2)
        else:
            fields = _of_node(graph, node, found)
        if fields:
            found[node.path] = fields
    return found


def _of_node(graph: Graph, node: Node, found: dict[str, tuple[Field, ...]]) -> tuple[Field, ...] | None:
    inputs = graph.input_types(node)
    if inputs is None or not inputs or not node.types:
        return None
    sight = node.resolved.sees(*inputs)
    seen = []
    for index, (value, kind) in enumerate(zip(node.inputs, inputs, strict=True)):
        if index in node.resolved.shape_only:
            continue
        if graph[value.node].op is not None and not graph[value.node].inputs:
            continue  # a learned tensor sees no pixel
        fields = found.get(value.node)
        through = _through(sight, fields, kind) if fields is not None and sight is not None else None
        if through is None:
            return None
        seen.append(through)
    if len(seen) == 1:
        return seen[0]
    if len({len(fields) for fields in seen}) != 1:
        return None
    return tuple(_joined([fields[axis] for fields in seen]) for axis in range(len(seen[0])))


def _through(sight: Sight, fields: Sequence[Field], kind: TensorType) -> tuple[Field, ...] | None:
    if sight == "around":
        return None
    if sight == "here":
        return tuple(fields)
    if sight == "everywhere":
        sides = kind.shape[2:] or (1,) * len(fields)
        windows = [Window(side, max(side, 1)) for side in sides if isinstance(side, int)]
    else:
        windows = list(sight)
    if len(windows) != len(fields):
        return None
    return tuple(_moved(field, window) for field, window in zip(fields, windows, strict=True))


def _moved(field: Field, window: Window) -> Field:
    before, after = window.before * field.stride, (window.size - 1 - window.before) * field.stride
    smallest, largest = (
        Extent(extent.first - before, extent.last + after) for extent in (field.smallest, field.largest)
    )
    return Field(smallest, largest, field.stride * window.stride)


def _joined(fields: Sequence[Field]) -> Field:
    """The field of what is made of several at one place: a side that is spread has the stride of the others."""
    smallest = min((field.smallest for field in fields), key=lambda extent: extent.size)
    first = min(field.largest.first for field in fields)
    last = max(field.largest.last for field in fields)
    return Field(smallest, Extent(first, last), min(field.stride for field in fields))
