"""A difference as text: what was removed, added, renamed and changed, in the order of the network, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archspec.analysis.diff.networks import Diff
from archspec.analysis.diff.totals import Total
from archspec.analysis.diff.weights import Key
from archspec.ir.dims import Size
from archspec.render.diff_lines import ARROW, Line, lines, nodes_text
from archspec.render.layout import aligned, labelled, percent, short, value_text
from archspec.render.table import count_text
from archspec.source.sanitize import visible

_WIDEST: Final = 72
"""Columns of a path, and of what is said of a part, at most, where what is behind is to stand below each other."""


def diff_text(found: Diff, depth: int, ascii_only: bool) -> str:
    """The differences a line each, the totals of both networks, and the weights that carry over.

    Args:
        found: the difference.
        depth: how many levels of blocks to open: what is in deeper ones is counted.
        ascii_only: whether arrows cannot be shown.
    """
    recipe = "another training recipe" if found.has_other_recipe else ""
    if found.is_same:
        nodes = sum(1 for _ in found.after.graph.operations())
        return f"no difference: {nodes_text(nodes)}{recipe and f', but {recipe}'}\n"
    parts = [
        _head(found),
        _columns(lines(found, depth)),
        aligned([["total", *_names(found), "difference"], *map(_cells, found.totals)], [False, True, True, True]),
    ]
    consequences = [*_weights(found), *([("training", recipe)] if recipe else [])]
    parts += [labelled(consequences)] if consequences else []
    text = "\n".join(filter(None, parts))
    return text.replace("\u2192", "->") if ascii_only else text


def _head(found: Diff) -> str:
    """The names of the networks, and the values of parameters that are not the same."""
    one, other = (visible(facts.graph.title or facts.graph.name) for facts in (found.before, found.after))
    params = [f"{name} {value_text(old)} {ARROW} {value_text(new)}" for name, (old, new) in found.params.items()]
    return "\n".join([f"{one} {ARROW} {other}", *([f"with {', '.join(params)}"] if params else [])]) + "\n"


def _columns(written: Sequence[Line]) -> str:
    paths, whats = (
        min(max(map(len, texts), default=0), _WIDEST)
        for texts in ([line.path for line in written], [line.what for line in written])
    )
    each = (f"{line.sign} {line.path:<{paths}}  {line.what:<{whats}}  {line.shape}".rstrip() for line in written)
    return "".join(f"{line}\n" for line in each)


def _names(found: Diff) -> list[str]:
    names = [visible(facts.graph.name) for facts in (found.before, found.after)]
    return names if names[0] != names[1] else ["before", "after"]


def _cells(total: Total) -> list[str]:
    """A line of the table of totals."""
    return [total.name, _amount(total, total.before), _amount(total, total.after), _difference(total)]


def _amount(total: Total, size: Size | None) -> str:
    if size is None:
        return "-" if total.unit == "size" else "unknown"
    return f"{short(size) or 0}B" if total.unit == "bytes" and isinstance(size, int) else count_text(size) or "0"


def _difference(total: Total) -> str:
    """How much more it is, with its share where there was something: `+4,063,232 (+10%)`."""
    difference = total.difference
    if not difference:
        return ""
    if not isinstance(difference, int):
        return str(difference)
    amount = f"{'+' if difference > 0 else '-'}{_amount(total, abs(difference))}"
    if not isinstance(total.before, int) or not total.before:
        return amount
    return f"{amount} ({'+' if difference > 0 else ''}{percent(difference / total.before)})"


def _weights(found: Diff) -> Iterator[tuple[str, str]]:
    """Which weights carry over, and what there is to know of the others."""
    weights = found.weights
    every = [*weights.same, *weights.renamed, *weights.reshaped, *weights.new]
    if every or weights.left_over:
        keys = f"{len(weights.same):,} of {len(every):,} keys carry over by their names"
        yield "weights", f"{keys}, with {_numbers(weights.same)} of {_numbers(every)} numbers"
    if weights.renamed:
        yield "", f"{len(weights.renamed):,} more would by their old names, with {_numbers(weights.renamed)}"
    if weights.misplaced:
        yield "", f"{len(weights.misplaced):,} have the name and shape of other weights, and would be loaded wrongly"
    rest = [(weights.reshaped, "of another shape"), (weights.new, "new"), (weights.left_over, "left over")]
    if any(keys for keys, _ in rest):
        yield "", ", ".join(f"{len(keys):,} {word}" for keys, word in rest if keys)


def _numbers(keys: Sequence[Key]) -> str:
    return short(sum(key.elements for key in keys)) or "0"
