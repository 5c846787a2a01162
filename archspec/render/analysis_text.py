"""An analysis as text: the table by block with what it adds up to, and what is printed of one kind of fact."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from archspec.analysis.cuts import Cut, Stretch
from archspec.analysis.factorization import (
    Convolution,
    Factors,
    as_asymmetric,
    as_threes,
    convolution,
    worthwhile_reduction,
)
from archspec.analysis.input_sizes import Sizes
from archspec.analysis.receptive_field import Field
from archspec.ir.dims import Size
from archspec.render.analysis import Analysis, Line, symbolic_macs
from archspec.render.layout import WIDTH, aligned, bar, from_the_end, labelled, percent, short
from archspec.render.sizes import sizes_text
from archspec.render.table import count_text, size_text

_BAR = 10
"""Columns of a bar, at most."""
_NAME = 24
"""Columns of a name, at most, where a bar wants to stand beside it."""
_SHAPE = 16
_CUT = 60
"""Columns of the tensors of a cut, at most, where they have names that short."""
_NO_BREAK = "\0"


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
    counts = found.cost.total
    return [
        _Column("output", lambda line: from_the_end(size_text(line.row.outputs), _SHAPE, ascii_only), is_number=False),
        _Column("elements", lambda line: count_text(line.elements) if isinstance(line.elements, int) else ""),
        _Column("params", lambda line: short(line.row.counts.parameters), short(counts.parameters)),
        _Column("MACs", lambda line: short(line.macs), short(counts.macs)),
        _Column("bytes", lambda line: short(line.traffic.total), short(found.traffic.total)),
        _Column("FLOP/B", lambda line: _intensity(line, found.batch), _of_whole(found)),
        _Column("sees", lambda line: str(max((field.largest.size for field in line.field), default=""))),
        _Column("stride", lambda line: str(max((field.stride for field in line.field), default=""))),
    ]


def _table(found: Analysis, ascii_only: bool) -> str:
    columns = _columns(found, ascii_only)
    cells = [[column.cell(line) for column in columns] for line in found.lines]
    lines = [[column.heading for column in columns], *cells, [column.total for column in columns]]
    taken = sum(max(len(line[at]) for line in lines) for at in range(len(columns))) + 2 * len(columns)
    names = ["block", *(_name(line) for line in found.lines), "total"]
    longest = max(map(len, names))
    room = WIDTH - taken - min(longest, _NAME)
    width = min(_BAR, room - 8)  # two blanks before it, and a number of five columns with a blank
    shares = list(_shares(found, width, ascii_only))
    if width > 2 and any(shares):
        at = next(index for index, column in enumerate(columns) if column.heading == "MACs") + 1
        for line, share in zip(lines, ["share", *shares, ""], strict=True):
            line.insert(at, share)
        columns.insert(at, _Column("share", lambda line: "", is_number=False))
        taken += max(map(len, ("share", *shares))) + 2
    space = max(8, WIDTH - taken)
    named = [[from_the_end(name, space, ascii_only), *line] for name, line in zip(names, lines, strict=True)]
    return aligned(named, [False, *(column.is_number for column in columns)])


def _name(line: Line) -> str:
    return f"{line.row.path} ({line.row.phase})" if line.row.phase else line.row.path


def _shares(found: Analysis, width: int, ascii_only: bool) -> Iterator[str]:
    """The shares of the multiply-accumulates in eval mode: a number, and a bar that is full for the largest of them."""
    each = [line.row.counts.macs for line in found.lines]
    total = found.cost.total.macs
    most = max((macs for macs in each if isinstance(macs, int)), default=0)
    for macs in each:
        if isinstance(macs, int) and macs and isinstance(total, int):
            yield f"{percent(macs / total):>5} {bar(macs / most, width, ascii_only)}".rstrip()
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
    yield from _cut_totals(found)
    if found.changes:
        steps = ", ".join(f"{change.path} {_ratio(change.ratio)}" for change in found.changes)
        yield "grid changes", f"{steps} (elements after as a share of those before)"
    if found.final_field:
        yield "sees", _field_text(found.final_field)
    if graph.size_symbols:
        yield "input sizes", sizes_text(found.facts.input_sizes)


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
    return f"{cut.size:,} elements: {_tensors(cut)}{kind}"


def _field_text(fields: Sequence[Field]) -> str:
    if len({(field.smallest, field.largest, field.stride) for field in fields}) == 1:
        fields = fields[:1]
    each = [
        f"{field.largest.size} pixels at a stride of {field.stride}"
        + (f" ({field.smallest.size} along the branches that see least)" if field.smallest != field.largest else "")
        for field in fields
    ]
    return "the final representation: " + " by ".join(each)


def _bytes(count: Size) -> str:
    return f"{short(count) or 0}{'B' if isinstance(count, int) else ' bytes'}"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def cuts_text(found: Analysis, ascii_only: bool) -> str:
    """Every tensor that all else passes, in order, with what stands between each two of them."""
    capacity = found.capacity
    if capacity is None:
        return f"{found.name}: there are no cuts, as {found.unknown}\n"
    most = max(segment.cut.size for segment in found.curve)
    inside = {stretch.start.values: stretch for stretch in capacity.stretches}
    lines = [["elements", "", "cut"]]

    def add(cut: Cut, text: str) -> None:
        mark = "  <- narrowest" if cut is capacity.narrowest else ""
        lines.append([f"{cut.size:,}", bar(cut.size / most, _BAR, ascii_only), f"{text}{mark}"])

    if capacity.stretches and capacity.stretches[0].start not in capacity.tensors:
        _add_stretch(capacity.stretches[0], add)
    for cut in capacity.tensors:
        add(cut, f"{cut.values[0].node} {found.graph.type_of(cut.values[0])}")
        if cut.values in inside:
            _add_stretch(inside[cut.values], add)
    return (
        f"{found.name}, the cuts from the input to the final representation\n\n{aligned(lines, [True, False, False])}"
    )


def _add_stretch(stretch: Stretch, add: Callable[[Cut, str], None]) -> None:
    if stretch.inner is not None:
        add(stretch.inner, f"  within {len(stretch.nodes)} nodes: {_tensors(stretch.inner)}")


def _tensors(cut: Cut) -> str:
    """The tensors of a cut, as many as fit, below the path that they have in common."""
    parts = [value.node.split(".") for value in cut.values]
    common = 0
    while len({tuple(part[: common + 1]) for part in parts}) == 1 and common < min(map(len, parts)) - 1:
        common += 1
    names = [".".join(part[common:]) for part in parts]
    at = f" in {'.'.join(parts[0][:common])}" if common else ""
    for count in range(len(names), 0, -1):
        more = f" and {len(names) - count} more" if count < len(names) else ""
        text = f"{' + '.join(names[:count])}{more}{at}"
        if len(text) <= _CUT:
            break
    return text


def sizes_report(found: Analysis) -> str:
    """The sizes of the inputs that fit, in each phase, with what stops outside of them."""
    if not found.graph.size_symbols:
        return f"{found.name}: every input has one size\n"
    lines = [f"{found.name}, the sizes of its inputs that fit\n"]
    for phase in ("eval", "training"):
        lines.append(f"{phase} mode")
        for sizes in found.facts.input_sizes[phase]:
            lines.append("\n".join(f"  {line}" for line in labelled(list(_of_sizes(sizes))).splitlines()))
    return "\n".join(lines) + "\n"


def _of_sizes(sizes: Sizes) -> Iterator[tuple[str, str]]:
    yield sizes.name, f"unknown: {sizes.unknown}" if sizes.fitting is None else str(sizes.fitting)
    if sizes.beside:
        yield "beside", ", ".join(f"{name}={size}" for name, size in sizes.beside.items())
    if sizes.below is not None:
        yield "stops below", str(sizes.below)
    if sizes.above is not None:
        yield "stops above", str(sizes.above)


def factorization_text(found: Analysis) -> str:
    """What every convolution with a square kernel would cost as smaller ones."""
    lines = [["convolution", "kernel", "channels", "grid", "MACs", "as 3x3", "as 1xn, nx1", "1x1 pays to"]]
    for node in found.graph.operations():
        whole = convolution(found.graph, node)
        if whole is not None and whole.side > 1:
            lines.append(_factors_of(whole))
    if len(lines) == 1:
        return f"{found.name}: no convolution can be factorised\n"
    table = aligned(lines, [False, True, True, True, True, True, True, True])
    return f"{found.name}, what convolutions would cost as smaller ones of the same channels\n\n{table}"


def _factors_of(whole: Convolution) -> list[str]:
    return [
        whole.node,
        f"{whole.side}x{whole.side}/{whole.stride}",
        f"{whole.inputs} to {whole.outputs}",
        "x".join(map(str, whole.grid)),
        short(whole.macs),
        _saved(as_threes(whole)),
        _saved(as_asymmetric(whole)),
        f"{int(worthwhile_reduction(whole)):,}",
    ]


def _saved(factors: Factors | None) -> str:
    return "" if factors is None else f"{short(factors.macs)} {-factors.saving:+.1%}".replace("%", " %")


def symbolic_text(found: Analysis) -> str:
    """The multiply-accumulates of every block over the symbols of the inputs."""
    macs = symbolic_macs(found.graph)
    if isinstance(macs, str):
        return f"{found.name}: {macs}\n"
    rows: list[tuple[str, Size]] = [(line.row.path, macs.get(line.row.path, 0)) for line in found.lines]
    facts = [(path, _unbroken(of)) for path, of in [*rows, ("total", macs[""])] if of]
    text = labelled(facts).replace(_NO_BREAK, " ")
    return f"{found.name}, multiply-accumulates per sample in eval mode\n\n{text}"


def _unbroken(size: Size) -> str:
    """A polynomial that lines are broken in between its floors only."""
    return re.sub(r"\([^()]*\)", lambda inside: inside[0].replace(" ", _NO_BREAK), str(size))
