"""The layer table of a network, as its paper prints it: one model of a row, and a writer for each format.

A row is an item of the spec's own list, or of a deeper list where a depth is given. A scope that holds a single
convolution or pooling, with normalization and activation around it, reads as that one; another goes by the title of
its block, of which what follows a comma stands under remarks (`Inception, as in figure 5`), or else by its name. What
holds different items of the spec's own list together in both phases, as `features` and `classifier` do in VGG, is no
row.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from archspec.analysis.cost import Counts, cost
from archspec.ir.dims import Size
from archspec.ir.graph import Graph, Node, Scope, Value, boundaries
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.render.layers import PATCHED, is_padded, only_layer, patch_word, sides_text, steps_text, times
from archspec.render.layout import aligned


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an item of a list, and what goes in and comes out of it."""

    path: str
    type: str
    """`conv`, `conv padded`, `pool`, `3 x figure5`, or the name of the op."""
    remarks: str
    """Patch size and stride, `3x3/2`, where there is one."""
    inputs: tuple[TensorType | None, ...]
    outputs: tuple[TensorType | None, ...]
    counts: Counts
    phase: str | None = None
    """The only phase it runs in; None for both."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the cell below it."""

    heading: str
    cell: Callable[[Row], str]
    is_number: bool = False


_MERE_SEQUENCE: Final = ("sequence", "")
"""The type and the remarks of a sequence of which nothing can be said but that it is one."""


def rows(graph: Graph, depth: int = 1) -> list[Row]:
    """The rows of an inferred graph.

    A scope nested deeper than `depth` is one row, and so is one that reads as a single convolution or pooling.
    """
    counts = cost(graph)
    crossing = boundaries(graph)

    def types(values: Iterable[Value]) -> tuple[TensorType | None, ...]:
        return tuple(graph.type_of(value) for value in values)

    def walk(scope: Scope, level: int) -> Iterator[Row]:
        for member in scope.members:
            if isinstance(member, Scope):
                holds_rows = level == 1 and _phase(member) is None and _describe(member, graph) == _MERE_SEQUENCE
                inside = level if holds_rows else level + 1
                if inside <= depth and only_layer(member, PATCHED) is None:
                    yield from walk(member, inside)
                    continue
                border = crossing[member.path]
                inputs, outputs = types(border.inputs), types(border.outputs)
                yield Row(
                    member.path, *_describe(member, graph), inputs, outputs, counts.scopes[member.path], _phase(member)
                )
            elif member.op is not None:
                inputs = types(member.inputs)
                yield Row(
                    member.path,
                    *_describe(member, graph),
                    inputs,
                    member.types,
                    counts.nodes[member.path],
                    _phase(member),
                )

    return list(walk(graph.root, 1))


def _phase(member: Node | Scope) -> str | None:
    scope = member.parent if isinstance(member, Scope) else member.scope
    phase = member.phase
    while phase is None and scope is not None:
        phase, scope = scope.phase, scope.parent
    if phase is None and isinstance(member, Scope):
        inside = {node.phase for node in member.nodes()}
        phase = inside.pop() if len(inside) == 1 else None
    return phase


def _describe(member: Node | Scope, graph: Graph) -> tuple[str, str]:
    """The type and the remarks of a row."""
    if isinstance(member, Scope):
        return _describe_scope(member, graph)
    op = member.resolved
    word = patch_word(op)
    if word is None:
        return op.name, "" if member.name.isdigit() or member.name == op.name else member.name
    return f"{word} padded" if word == "conv" and is_padded(op) else word, _patch(op, graph.input_types(member))


def _describe_scope(scope: Scope, graph: Graph) -> tuple[str, str]:
    only = only_layer(scope, PATCHED)
    if only is not None:
        return _describe(only, graph)
    if scope.title:
        kind, _, remarks = scope.title.partition(", ")
        return kind, remarks
    if scope.kind == "sequence":
        descriptions = {_describe(member, graph) for member in scope.members}
        if len(descriptions) == 1:
            (kind, remarks) = descriptions.pop()
            return f"{len(scope.members)} x {kind}" if len(scope.members) > 1 else kind, remarks
    return (scope.block, "") if scope.block else _MERE_SEQUENCE


def _patch(op: Op, inputs: Sequence[TensorType] | None) -> str:
    """Patch size and stride: `3x3/2`; the stride only where it is given."""
    kernel, stride = getattr(op, "kernel", None), getattr(op, "stride", None)
    if kernel is None:
        return op.name.removesuffix("_pool").replace("_", " ")
    size = sides_text(kernel, inputs[0].rank - 2 if inputs else 2)
    return size if stride is None else f"{size}/{steps_text(stride)}"


def size_text(types: Sequence[TensorType | None]) -> str:
    """Types the way rows of a spec assert them: `35x35x288` for images, else without the batch axis: `[2048]`."""
    return ", ".join("?" if of is None else _sample_text(of) for of in types)


def _sample_text(of: TensorType) -> str:
    if of.rank != 4:
        return f"[{', '.join(map(str, of.shape[1:]))}]"
    _, channels, height, width = of.shape
    return times(f"({dim})" if " " in str(dim) else dim for dim in (height, width, channels))


def _type_text(row: Row) -> str:
    """Type and remarks in one, without what the name says already."""
    remarks = "" if row.path.endswith(row.remarks) else row.remarks
    return " ".join(filter(None, (row.type, remarks, row.phase and f"({row.phase} only)")))


def count_text(count: Size) -> str:
    """A count with its thousands apart; empty for none."""
    return f"{count:,}" if isinstance(count, int) and count else str(count or "")


PAPER: Final = (
    Column("type", lambda row: row.type),
    Column("patch size/stride or remarks", lambda row: row.remarks),
    Column("input size", lambda row: size_text(row.inputs)),
)
"""The columns of the layer tables of the Inception papers."""

COSTS: Final = (
    Column("name", lambda row: row.path),
    Column("type", _type_text),
    Column("output shape", lambda row: ", ".join(str(of or "?") for of in row.outputs)),
    Column("parameters", lambda row: count_text(row.counts.parameters), is_number=True),
    Column("MACs", lambda row: count_text(row.counts.macs or row.counts.training_macs), is_number=True),
)
"""The columns of the report of a build."""


def as_text(table: Iterable[Row], columns: Sequence[Column]) -> str:
    """Columns aligned with blanks, numbers to the right."""
    return aligned(_cells(table, columns), [column.is_number for column in columns])


def as_markdown(table: Iterable[Row], columns: Sequence[Column]) -> str:
    """A table that GitHub renders."""
    head, *body = [[cell.replace("|", "\\|") for cell in line] for line in _cells(table, columns)]
    rule = ["---:" if column.is_number else "---" for column in columns]
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, rule, *body])


def as_latex(table: Iterable[Row], columns: Sequence[Column]) -> str:
    """A `tabular` that needs no package."""
    head, *body = [f"{' & '.join(map(_latex, line))} \\\\\n" for line in _cells(table, columns)]
    sides = "".join("r" if column.is_number else "l" for column in columns)
    return f"\\begin{{tabular}}{{{sides}}}\n\\hline\n{head}\\hline\n{''.join(body)}\\hline\n\\end{{tabular}}\n"


def as_csv(table: Iterable[Row], columns: Sequence[Column]) -> str:
    """Comma-separated, quoted where needed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_cells(table, columns))
    return text.getvalue()


def as_json(table: Iterable[Row], columns: Sequence[Column]) -> str:
    """A list of everything a row holds, whatever the columns."""
    return json.dumps([row_data(row) for row in table], indent=2) + "\n"


def row_data(row: Row) -> dict[str, Any]:
    """A row as plain data: fixed dims are numbers, symbolic ones text."""
    return {
        "path": row.path,
        "type": row.type,
        "remarks": row.remarks,
        "inputs": [type_data(of) for of in row.inputs],
        "outputs": [type_data(of) for of in row.outputs],
        "phase": row.phase,
        **counts_data(row.counts),
    }


def type_data(of: TensorType | None) -> dict[str, Any] | None:
    """A tensor type as plain data; None for one that an error made unknowable."""
    return None if of is None else {"shape": [number_or_text(dim) for dim in of.shape], "dtype": of.dtype}


def counts_data(counts: Counts) -> dict[str, Any]:
    """Counts as plain data."""
    return {
        "parameters": counts.parameters,
        "buffers": counts.buffers,
        "macs": number_or_text(counts.macs),
        "training_macs": number_or_text(counts.training_macs),
    }


def number_or_text(dim: Size) -> int | str:
    """A dim as plain data: a number, or the text of what is symbolic."""
    return dim if isinstance(dim, int) else str(dim)


def _cells(table: Iterable[Row], columns: Sequence[Column]) -> list[list[str]]:
    return [[column.heading for column in columns], *([column.cell(row) for column in columns] for row in table)]


LATEX: Final = {
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
}  # fmt: skip
"""Characters that LaTeX gives a meaning of its own, and how they are written."""


def _latex(text: str) -> str:
    escaped = "".join(LATEX.get(character, character) for character in text)
    return re.sub(r"(?<=\d)( ?)x\1(?=\w|\()", r"$\\times$\1", escaped)


WRITERS: Final[Mapping[str, Callable[[Iterable[Row], Sequence[Column]], str]]] = {
    "text": as_text,
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "json": as_json,
}
"""The formats of `archspec table`."""
