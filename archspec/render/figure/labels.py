"""What boxes say, in the manner of papers: `3x3 conv V, stride 2, 192`.

As in the figures of the Inception papers a convolution that is not padded is marked V, one that is padded to keep its
size is not marked, and what stands after a convolution as a matter of course is not said (Szegedy et al. 2016,
arXiv:1602.07261, figures 3 to 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from archspec.ir.graph import Graph, Node, Scope
from archspec.ir.op import Op
from archspec.render.figure.habits import habits, is_activated
from archspec.render.figure.parts import SIGNS, Part, differences, is_bar
from archspec.render.figure.view import Box, Frame
from archspec.render.layers import category_of, is_padded, loses_border, op_of, sides_text, steps_text
from archspec.render.layout import value_text

Role: TypeAlias = Literal["heading", "plain", "small"]
Shape: TypeAlias = Literal["box", "bar", "sign"]

_SILENT: Final = frozenset({"batch_norm", "relu"})
"""What follows a convolution as a matter of course."""

_TOLD_ELSEWHERE: Final = frozenset({"channels", "features", "axis"})
"""Attributes that do not stand behind the name of an op: how many channels there are does behind a comma."""

_KINDS: Final = ("causal", "bidirectional", "mode")
"""Attributes that make an op another of its kind: `causal`, or `mode: linear`; they are said where they are given."""

_LINE: Final = 18
"""Characters after which a box begins a second line."""
_LISTED: Final = 6
"""Differences between turns that a closed repeat lists at most."""
_VALUES: Final = 12
"""Values of one attribute that are listed at most."""


class Line(NamedTuple):
    """A line of a box."""

    text: str
    role: Role = "plain"


@dataclass(frozen=True, slots=True)
class Label:
    """What a box says, and how it is drawn for it."""

    lines: tuple[Line, ...]
    shape: Shape = "box"

    @property
    def heading(self) -> str:
        """Its lines in one."""
        return ", ".join(line.text for line in self.lines)


def box_label(graph: Graph, box: Box) -> Label:
    """What a closed part says."""
    part = box.part
    if part.kind == "network":
        return Label((Line(graph.title or graph.name, "heading"),))
    if part.node is None:
        return Label((*_part_lines(part), *_shared_lines(part)))
    op = op_of(part.node)
    if isinstance(op, Op) and op.name in SIGNS and part.kind == "node":
        return Label((Line(SIGNS[op.name], "heading"),), "sign")
    terms = layer_terms(graph, box.alike(part.node)) + list(_around(part))
    terms += ["linear"] if _is_linear(graph, part) else []
    count = [Line(f"× {len(part.members)}", "heading")] if part.kind == "repeat" else []
    lines = (*map(Line, _wrapped(terms)), *count, *_shared_lines(part))
    return Label(lines, "bar" if is_bar(part) else "box")


def frame_label(frame: Frame) -> Label:
    """What stands above an open part."""
    count = f" × {len(frame.turns)}" if frame.turns else ""
    heading, remarks = part_title(frame.part)
    lines = [Line(f"{heading}{count}", "heading"), *([Line(remarks, "small")] if remarks else [])]
    return Label((*lines, *_shared_lines(frame.part)))


def _shared_lines(part: Part) -> list[Line]:
    """Whose weights a part uses, where they are not its own."""
    written = part.scope or part.node
    owner = written.share if written is not None else None
    return [Line(f"weights of {owner}", "small")] if owner else []


def part_title(part: Part) -> tuple[str, str]:
    """The name of a block or sequence, and remarks on it: what follows the first comma of its title.

    A repeat is called what its turns are, if they are uses of a block.
    """
    scope: Scope | None = part.scope
    if part.kind == "repeat" and (scope is None or part.members[0].kind == "block"):
        return part_title(part.members[0])
    if scope is None:
        return part.id, ""
    if scope.title:
        heading, _, remarks = scope.title.partition(", ")
        return heading, remarks
    return scope.block or scope.name, ""


def _part_lines(part: Part) -> Iterator[Line]:
    heading, remarks = part_title(part)
    is_repeat = part.kind == "repeat"
    yield Line(f"{heading} × {len(part.members)}" if is_repeat else heading, "heading")
    if remarks:
        yield Line(remarks, "small")
    if is_repeat:
        yield from (Line(text, "small") for text in difference_lines(part))


def difference_lines(part: Part) -> list[str]:
    """What differs between the turns of a repeat: `branch_pool: 32, 64, 64`."""
    paths: dict[tuple[str, tuple[object, ...]], list[str]] = {}
    for found in differences(part.members):
        paths.setdefault((found.attribute, found.values), []).append(found.path)
    lines = []
    for (attribute, values), where in paths.items():
        name = where[0] if len(where) == 1 else f"{len(where)} layers"
        what = "" if attribute in ("channels", "features") else f" {attribute}"
        lines.append(f"{name}{what}: {', '.join(_few([value_text(value) for value in values]))}")
    return lines if len(lines) <= _LISTED else [*lines[: _LISTED - 1], f"and {len(lines) - _LISTED + 1} more differ"]


def layer_terms(graph: Graph, alike: Sequence[Node]) -> list[str]:
    """What a node is, as terms: `3x3 conv V`, `stride 2`, `192`. Of nodes in several turns all that they are."""
    every = [_terms(graph, node) for node in alike]
    if len({len(terms) for terms in every}) > 1:
        return every[0]
    return [_joined(column) for column in zip(*every, strict=True)]


def _joined(column: Sequence[str]) -> str:
    """What stands in one place in several turns: `96/128`, `dilation 2/4`."""
    if len(set(column)) == 1:
        return column[0]
    words = {" ".join(text.split(" ")[:-1]) for text in column}
    common = words.pop() if len(words) == 1 else ""
    return f"{common} {'/'.join(_few([text.split(' ')[-1] for text in column]))}" if common else "/".join(_few(column))


def _few(values: Sequence[str]) -> list[str]:
    return list(values) if len(values) <= _VALUES else [*values[: _VALUES - 1], "..."]


def _terms(graph: Graph, node: Node) -> list[str]:
    op = op_of(node)
    if not isinstance(op, Op):
        return ["?" if op is None else _words(op.name)]
    kernel = getattr(op, "kernel", None)
    if kernel is None:
        return [f"{_words(op.name)}{_shorthand(op)}", *_kinds(op), *_settings(op, ("channels", "features"))]
    types = graph.input_types(node)
    axes = types[0].rank - 2 if types else 2
    channels = types[0].shape[1] if types else None
    size = sides_text(kernel, axes)
    mark = " V" if loses_border(op) and set(size.split("x")) != {"1"} else ""
    groups = getattr(op, "groups", 1)
    depthwise = "depthwise " if groups != 1 and groups == channels else ""
    sides = size if axes > 1 else f"{size}-wide"  # `2 conv` would be two of them
    first = f"{sides} {depthwise}{_words(op.name)}{mark}"
    return [first, *_window(op, "" if depthwise else str(groups)), *_settings(op, ("channels",))]


def _window(op: Any, groups: str) -> Iterator[str]:
    """What is special of a window: a stride, a padding that does not keep the size, a dilation, groups."""
    stride, dilation, padding = op.stride, getattr(op, "dilation", 1), getattr(op, "padding", 0)
    if stride is not None and steps_text(stride) != "1":
        yield f"stride {steps_text(stride)}"
    if is_padded(op) and padding != "same" and not _keeps(op):
        yield f"pad {steps_text(padding)}"
    if steps_text(dilation) != "1":
        yield f"dilation {steps_text(dilation)}"
    if groups not in ("", "1"):
        yield f"{groups} groups"


def _keeps(op: Any) -> bool:
    """Whether a padding in numbers is what `same` would be, strides aside."""
    kernel, padding, dilation = op.kernel, op.padding, getattr(op, "dilation", 1)
    axes = max(len(value) if isinstance(value, tuple) else 1 for value in (kernel, padding, dilation))
    sides, pads, gaps = (
        value if isinstance(value, tuple) else (value,) * axes for value in (kernel, padding, dilation)
    )
    return all(2 * pad == gap * (side - 1) for side, pad, gap in zip(sides, pads, gaps, strict=True))


def _settings(op: Op, names: Iterable[str]) -> list[str]:
    return [str(value) for name in names if isinstance(value := getattr(op, name, None), int)]


def _kinds(op: Op) -> Iterator[str]:
    for name in _KINDS:
        value = getattr(op, name, None) if name in op.model_fields_set else None
        if value:
            yield name if value is True else _words(value)


def _shorthand(op: Op) -> str:
    """The attribute that the op's item may give alone, where it was given: `dropout 0.2`."""
    if op.shorthand is None or op.shorthand not in op.model_fields_set or op.shorthand in _TOLD_ELSEWHERE:
        return ""
    value = getattr(op, op.shorthand)
    if isinstance(value, float):
        value = float(f"{value:.4g}")  # what an expression computes has more digits than a box has room for
    return f" {' '.join(map(str, value)) if op.shorthand == 'axes' else value_text(value)}"


def _is_linear(graph: Graph, part: Part) -> bool:
    """Whether a convolution has no activation behind it, in a network where most have one.

    Figures of Inception-ResNet say so of those that restore the channels (Szegedy et al. 2016, figures 10 to 19).
    """
    if part.node is None or category_of(part.node) != "convolution":
        return False
    one = part.members[0] if part.kind == "repeat" else part
    is_inside = any(category_of(node) == "activation" for node in one.nodes())
    last = list(one.nodes())[-1]
    return not is_inside and habits(graph).activates and not is_activated(graph, last)


def _around(part: Part) -> Iterator[str]:
    """What stands beside the op that a layer is named after, where it is not what always does."""
    one = part.members[0] if part.kind == "repeat" else part
    for node in one.nodes():
        op = op_of(node)
        if node is not part.node and isinstance(op, Op) and op.name not in _SILENT:
            yield f"{_words(op.name)}{_shorthand(op)}"


def _wrapped(terms: Sequence[str]) -> list[str]:
    """Terms behind commas: in one line where they fit, else what it is above what is special of it."""
    if sum(map(len, terms)) + 2 * (len(terms) - 1) <= _LINE:
        return [", ".join(terms)]
    lines = [terms[0], *terms[1:2]]
    for term in terms[2:]:
        if len(lines[-1]) + len(term) + 2 <= _LINE:
            lines[-1] += f", {term}"
        else:
            lines.append(term)
    return lines


def _words(name: str) -> str:
    return name.replace("_", " ")
