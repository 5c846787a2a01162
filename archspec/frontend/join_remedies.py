"""What would make the branches of a join agree, found by arithmetic: another number, another padding, one more item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from archspec.frontend.instances import Expansion
from archspec.ir.conditions import Conditions, RuleStopped
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.source.diagnostic import Label
from archspec.source.remedy import AppendToBranch, Remedy, SetAttribute

NEAR: Final = 32
"""How many ops before a join are looked at for the one that made a size: branches are not longer."""


ENLARGING: Final = ("interpolate", "conv_transpose", "pixel_shuffle", "max_unpool")
"""The ops that make sides larger by a factor, whatever was rounded off before."""


class Mend(NamedTuple):
    """A remedy and the help that goes with it."""

    remedy: Remedy
    help: str
    labels: tuple[Label, ...] = ()
    """Where it would be made."""


def other_padding(node: Node, ports: tuple[int, ...], graph: Graph) -> Mend | None:
    """The padding nearest to the join that gives one of two branches the height and width of the other.

    The first of `ports` is the odd one, whose padding is looked at first. `same` goes before any number; a number is at
    most half the kernel, as pools demand.
    """
    for port, other in (ports, ports[::-1]):
        kind, wanted = graph.type_of(node.inputs[port]), graph.type_of(node.inputs[other])
        if kind is None or wanted is None or not _differ_in_space_alone(node.resolved, kind, wanted):
            return None
        chain: list[Node] = []
        for made in _chain(node.inputs[port], node, graph):
            chain.insert(0, made)
            for padding in _paddings(made.resolved):
                given = _end_of(chain, padding, graph)
                if given is not None and given.shape[2:] == wanted.shape[2:]:
                    title = f"write `padding: {padding}`"
                    remedy = Remedy(title, (SetAttribute(made.path, "padding", str(padding)),))
                    label = Label(made.origin.span, "the padding of this one decides it")
                    return Mend(
                        remedy, f"{title} there: input {port + 1} is then as large as input {other + 1}", (label,)
                    )
    return None


def projection(node: Node, ports: tuple[int, ...], graph: Graph, expansion: Expansion) -> Mend | None:
    """A `conv` of kernel 1, or a `linear`, at the end of a branch of a sum that gives it the shape of the other.

    An empty branch is taken before the odd one, which is the first of `ports`: the shortcut of a residual is projected.
    """
    branches = expansion.items[node.path].branches or []
    if node.resolved.name != "add" or len(branches) != len(node.inputs):
        return None
    pairs = sorted((ports, ports[::-1]), key=lambda pair: bool(branches[pair[0]].items))
    for port, other in pairs:
        kind, wanted = graph.type_of(node.inputs[port]), graph.type_of(node.inputs[other])
        item = _projecting(kind, wanted) if kind is not None and wanted is not None else None
        if item is not None:
            name, attributes = item
            if branches[port].name is None:  # weights need a path that the file spells out
                attributes = {"id": _free_id(expansion), **attributes}
            text = f"{name}: {{{', '.join(f'{key}: {value}' for key, value in attributes.items())}}}"
            remedy = Remedy(f"end branch {port + 1} with `{text}`", (AppendToBranch(node.path, port, text),))
            return Mend(remedy, f"{remedy.title}, which gives it the shape of input {other + 1}")
    return None


def enlarged(ports: tuple[int, ...], node: Node, graph: Graph) -> tuple[str, Label] | None:
    """The help where a branch was made larger before the join, and by which op: no padding gives back what was cut."""
    for port, other in (ports, ports[::-1]):
        kind, wanted = graph.type_of(node.inputs[port]), graph.type_of(node.inputs[other])
        if kind is None or wanted is None or not _differ_in_space_alone(node.resolved, kind, wanted):
            return None
        made = _enlarging(node.inputs[port], graph)
        if made is not None:
            help_text = (
                f"{_size_of_the_other(made.resolved, kind, wanted)}; or take inputs whose sides every stride divides"
            )
            return help_text, Label(made.origin.span, "made larger here")
    return None


def _enlarging(value: Value, graph: Graph) -> Node | None:
    """The op that made the sides of a value, where it is one that makes them larger."""
    for _ in range(NEAR):
        node = graph[value.node]
        kinds = graph.input_types(node) if node.op is not None else None
        if not kinds or not node.types:
            return None
        if node.types[0].shape[2:] != kinds[0].shape[2:]:
            return node if node.resolved.name in ENLARGING else None
        value = node.inputs[0]
    return None


def _size_of_the_other(made: Op, kind: TensorType, wanted: TensorType) -> str:
    """What gives the branch that `made` enlarged the size that is wanted."""
    if made.name == "interpolate":
        return "`interpolate_like` in place of `interpolate` takes the size of the other branch"
    added = _output_padding(made, kind, wanted) if made.name == "conv_transpose" else None
    if added is not None:
        return f"`output_padding: {added}` on the `conv_transpose` gives it the size of the other branch"
    return "`crop_like` cuts the larger branch to the size of the other"


def _output_padding(made: Op, kind: TensorType, wanted: TensorType) -> str | None:
    """What a `conv_transpose` has to add at the ends of its output, if it may: less than its stride."""
    axes = range(kind.rank - 2)
    present, strides = (
        value if isinstance(value, tuple) else tuple(value for _ in axes)
        for value in (getattr(made, name) for name in ("output_padding", "stride"))
    )
    added = [wanted.shape[axis + 2] - kind.shape[axis + 2] + present[axis] for axis in axes]
    if not all(isinstance(few, int) and 0 <= few < stride for few, stride in zip(added, strides, strict=True)):
        return None
    return str(added[0]) if len(set(added)) == 1 else str(added)


def _chain(value: Value, join: Node, graph: Graph) -> Iterator[Node]:
    """The nodes of a branch from its end on, as long as each reads one other."""
    for _ in range(NEAR):
        node = graph[value.node]
        if node.op is None or len(node.inputs) != 1 or not node.types or not _is_inside(node, join):
            return
        yield node
        value = node.inputs[0]


def _is_inside(node: Node, join: Node) -> bool:
    """Whether a node is written in the branches of a join: behind its name, in the same list."""
    for origin in (node.origin, *node.origin.uses()):
        if origin.parent is join.origin.parent:
            return origin.span.source is join.origin.span.source and origin.span.start > join.origin.span.start
    return False


def _paddings(op: Op) -> Iterator[int | str]:
    """The paddings that an op could have instead of its own."""
    kernel = getattr(op, "kernel", None)
    if "padding" not in type(op).model_fields or kernel is None:
        return
    least = min(kernel) if isinstance(kernel, tuple) else kernel
    yield from (padding for padding in ("same", *range(least // 2 + 1)) if padding != getattr(op, "padding", None))


def _end_of(chain: Sequence[Node], padding: int | str, graph: Graph) -> TensorType | None:
    """What the last of some nodes gives when the first has another padding; None where that cannot be."""
    first = chain[0]
    kind = graph.type_of(first.inputs[0])
    ops = (first.resolved.model_copy(update={"padding": padding}), *(node.resolved for node in chain[1:]))
    for op in ops:
        must = Conditions()
        try:
            given = op.infer(must, kind)
        except RuleStopped:
            return None
        if must.failures or isinstance(given, tuple):
            return None
        kind = given
    return kind


def _differ_in_space_alone(join: Op, kind: TensorType, wanted: TensorType) -> bool:
    """Whether height and width are all that keeps two tensors apart; `concat` takes any number of channels."""
    axis = getattr(join, "axis", None)
    if kind.rank != wanted.rank or axis not in (None, 1):
        return False
    return kind.shape[2:] != wanted.shape[2:] and (axis == 1 or kind.shape[:2] == wanted.shape[:2])


def _projecting(kind: TensorType, wanted: TensorType) -> tuple[str, dict[str, object]] | None:
    """The op and attributes that bring one shape to another: its channels and, by a stride, its height and width."""
    if kind.rank != wanted.rank or kind.shape[0] != wanted.shape[0] or kind.rank < 2:
        return None
    differing = [axis for axis in range(kind.rank) if kind.shape[axis] != wanted.shape[axis]]
    is_linear = differing == [kind.rank - 1] and kind.rank <= 3
    size, stride = wanted.shape[-1 if is_linear else 1], 1 if is_linear else _stride(kind, wanted)
    if not isinstance(size, int) or stride is None:
        return None
    if is_linear:
        return "linear", {"features": size}
    return "conv", {"kernel": 1, "channels": size, **({"stride": stride} if stride > 1 else {})}


def _stride(kind: TensorType, wanted: TensorType) -> int | None:
    """The stride at which a kernel of 1 makes the sides of one shape those of another."""
    sides = list(zip(kind.shape[2:], wanted.shape[2:], strict=True))
    if all(side == fewer for side, fewer in sides):
        return 1
    numbers = [(side, fewer) for side, fewer in sides if isinstance(side, int) and isinstance(fewer, int)]
    if len(numbers) < len(sides):
        return None
    side, fewer = numbers[0]
    steps = (side // fewer, -(-side // fewer))
    return next((step for step in steps if step and all((a - 1) // step + 1 == b for a, b in numbers)), None)


def _free_id(expansion: Expansion) -> str:
    """An id that no item has."""
    taken = {path.rpartition(".")[2] for path in expansion.paths}
    names = ("project" if not number else f"project_{number}" for number in range(len(taken) + 1))
    return next(name for name in names if name not in taken)
