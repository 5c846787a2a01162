"""An analysis as text: the table by block with what it adds up to, and what is printed of one kind of fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from archspec.analysis.cuts import Cut
from archspec.analysis.memory import Held
from archspec.analysis.receptive_field import Field, place_word
from archspec.ir.dims import Size
from archspec.render.analysis import Analysis, Line, tensors_text
from archspec.render.layout import WIDTH, aligned, bar, from_the_end, labelled, percent, short
from archspec.render.sizes import sizes_text
from archspec.render.table import count_text, size_text

_BAR = 10
"""Columns of a bar, at most."""
_NAME = 24
"""Columns of a name, at most, where a bar wants to stand beside it."""
_SHARE = 4
"""Columns of a share."""
_SHAPE = 16
"""Columns of the shape of an output, at most."""
_HELD = 3
"""Tensors that are named of those alive at the peak, at most."""


def table_text(found: Analysis, ascii_only: bool) -> str:
    """The table by block, and below it what the whole adds up to."""
    head = f"{found.name}{_at(found)}"
    return f"{head}\n\n{_table(found, ascii_only)}\n{labelled(list(_totals(found)))}"


def _at(found: Analysis) -> str:
    """What was asked for besides the spec."""
    given = [f"{name}={size}" for name, size in found.given.items()]
    given += [f"batch {found.batch}"] if found.batch != 1 else []
    given += [found.dtype] if found.dtype != "float32" else []
    return f", at {', '.join(given)}" if given else ""


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Line], str]
    total: str = ""
    is_number: bool = True


def _columns(found: Analysis, ascii_only: bool) -> list[_Column]:
    counts, taken = found.cost.total, found.memory
    return [
        _Column("output", lambda line: from_the_end(size_text(line.row.outputs), _SHAPE, ascii_only), is_number=False),
        _Column("R", lambda line: short(line.elements)),
        _Column("params", lambda line: short(line.row.counts.parameters), short(counts.parameters)),
        _Column("MACs", lambda line: short(line.macs), short(counts.macs)),
        _Column("bytes", lambda line: short(line.traffic.total), short(found.traffic.total)),
        _Column("F/B", lambda line: _intensity(line, found.batch), _of_whole(found)),
        _Column("peak", lambda line: short(line.peak), short(taken.inference.peak) if taken else ""),
        _Column("saved", lambda line: short(line.saved), short(taken.saved_in[""]) if taken else ""),
        _Column("sees", lambda line: str(max((field.largest.size for field in line.field), default=""))),
        _Column("step", lambda line: str(max((field.stride for field in line.field), default=""))),
    ]


def _table(found: Analysis, ascii_only: bool) -> str:
    """The columns, behind the multiply-accumulates their share where there is room, with a bar if there is more."""
    columns = _columns(found, ascii_only)
    names = ["block", *map(_name, found.lines), "total"]
    lines = [
        [column.heading for column in columns],
        *([column.cell(line) for column in columns] for line in found.lines),
        [column.total for column in columns],
    ]
    taken = sum(max(map(len, cells)) + 2 for cells in zip(*lines, strict=True))
    room = WIDTH - taken - min(max(map(len, names)), _NAME) - 2
    to_right = [column.is_number for column in columns]
    if room >= _SHARE:
        shares = ["share", *_shares(found, min(_BAR, room - _SHARE - 1), ascii_only), ""]
        taken += max(map(len, shares)) + 2
        at = [column.heading for column in columns].index("MACs") + 1
        lines = [[*line[:at], share, *line[at:]] for line, share in zip(lines, shares, strict=True)]
        to_right.insert(at, False)
    space = max(_NAME // 2, WIDTH - taken)
    named = [[from_the_end(name, space, ascii_only), *line] for name, line in zip(names, lines, strict=True)]
    return aligned(named, [False, *to_right])


def _name(line: Line) -> str:
    return f"{line.row.path} *" if line.row.phase == "training" else line.row.path


def _shares(found: Analysis, width: int, ascii_only: bool) -> Iterator[str]:
    """The shares of the multiply-accumulates in eval mode: a number, and a bar that is full for the largest of them."""
    each = [line.row.counts.macs for line in found.lines]
    total = found.cost.total.macs
    most = max((macs for macs in each if isinstance(macs, int)), default=0)
    for macs in each:
        if isinstance(macs, int) and macs and isinstance(total, int):
            share = macs / total
            number = "<1%" if share < 0.005 else f"{share:.0%}"
            yield f"{number:>{_SHARE}} {bar(macs / most, max(0, width), ascii_only)}".rstrip()
        else:
            yield ""


def _intensity(line: Line, batch: int) -> str:
    macs = line.row.counts.macs
    value = line.traffic.intensity(macs * batch)
    return _decimal(value) if value is not None and macs else ""


def _of_whole(found: Analysis) -> str:
    value = found.traffic.intensity(found.cost.total.macs * found.batch)
    return _decimal(value) if value else ""


def _decimal(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _totals(found: Analysis) -> Iterator[tuple[str, str]]:
    graph, counts = found.graph, found.cost.total
    yield "inputs", ", ".join(f"{name} {given.type}" for name, given in graph.inputs.items())
    unused = counts.parameters - found.eval_parameters
    yield "parameters", f"{counts.parameters:,}" + (f", {found.eval_parameters:,} in eval mode" if unused else "")
    macs = f"{count_text(counts.macs) or 0} per sample in eval mode"
    if counts.training_macs != counts.macs:
        macs += f", {count_text(counts.training_macs)} in training mode"
    yield "MACs", macs
    yield "bytes moved", f"{_bytes(found.traffic.total)}, of which {_bytes(found.traffic.weights)} are weights"
    yield from _memory_totals(found)
    yield from _cut_totals(found)
    if found.changes:
        steps = ", ".join(f"{change.path} {_ratio(change.ratio)}" for change in found.changes)
        yield "grid changes", f"{steps} (elements after as a share of those before)"
    if found.facts.receptive_field:
        yield "sees", _field_text(found.facts.receptive_field)
    if any(line.row.phase == "training" for line in found.lines):
        yield "*", "runs in training mode only"
    if graph.size_symbols:
        yield "input sizes", sizes_text(found.facts.input_sizes)


def _memory_totals(found: Analysis) -> Iterator[tuple[str, str]]:
    taken = found.memory
    if taken is None:
        return
    least = f" ({_bytes(taken.bound.peak)} at least in this order)" if taken.bound.peak < taken.inference.peak else ""
    held = ", ".join(f"{held.value.node} {_bytes(held.bytes)}" for held in _largest(taken.inference.alive))
    yield (
        "peak memory",
        f"{_bytes(taken.inference.peak)} of activations in inference{least}, at {taken.inference.node}: {held}",
    )
    state = f", {_bytes(taken.optimizer)} of the optimiser" if taken.optimizer is not None else ""
    weights = f"{_bytes(taken.parameters)} of parameters and as much of gradients{state}"
    yield "training", f"{_bytes(taken.saved_in[''])} saved for the backward pass; {weights}"


def _largest(alive: Sequence[Held]) -> list[Held]:
    """The tensors that take most, in order."""
    return sorted(alive, key=lambda held: -held.bytes)[:_HELD]


def _cut_totals(found: Analysis) -> Iterator[tuple[str, str]]:
    capacity = found.capacity
    if capacity is None:
        yield "cuts", found.unknown
        return
    share = capacity.narrowest.size / capacity.final.size
    yield "narrowest cut", f"{cut_text(found, capacity.narrowest)}; {percent(share)} of the final representation"
    yield "final", cut_text(found, capacity.final)


def cut_text(found: Analysis, cut: Cut) -> str:
    """A cut with its size and its tensors: `81,920 elements: Mixed_7a.0 [N, 1280, 8, 8]`."""
    kind = f" {found.graph.type_of(cut.values[0])}" if len(cut.values) == 1 else ""
    return f"{cut.size:,} elements: {tensors_text(cut)}{kind}"


def _field_text(fields: Sequence[Field]) -> str:
    word = place_word(len(fields))
    if len({(field.smallest, field.largest, field.stride) for field in fields}) == 1:
        fields = fields[:1]
    each = [
        f"{field.largest.size} {word}{'s' if field.largest.size > 1 else ''} at a stride of {field.stride}"
        + (f" ({field.smallest.size} along the branches that see least)" if field.smallest != field.largest else "")
        for field in fields
    ]
    return " by ".join(each)


def _bytes(count: Size) -> str:
    return f"{short(count) or 0}B" if isinstance(count, int) else f"{count} bytes"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
