"""Networks below each other: what each costs, sees and lets through, and how much of the first that is."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.ir.dims import Size
from archspec.render.analysis import Analysis
from archspec.render.layout import aligned, from_the_end, percent, short
from archspec.render.table import count_text, size_text

_NAME = 25
"""Columns of the name of a network, at most."""
_INPUT = 16
"""Columns of the shapes of its inputs, at most."""


def compare_text(analyses: Sequence[Analysis], ascii_only: bool) -> str:
    """Two tables with a line a network: counts beside those of the first, and what gets through."""
    return f"{_costs(analyses, ascii_only)}\n{_capacities(analyses, ascii_only)}"


def _costs(analyses: Sequence[Analysis], ascii_only: bool) -> str:
    first = analyses[0]
    lines = [["network", "input", "params", "ratio", "MACs", "ratio", "change", "bytes", "ratio"]]
    for found in analyses:
        macs, base = found.cost.total.macs, first.cost.total.macs
        lines.append(
            [
                from_the_end(found.graph.name, _NAME, ascii_only),
                from_the_end(size_text([given.type for given in found.graph.inputs.values()]), _INPUT, ascii_only),
                short(found.eval_parameters),
                _times(found.eval_parameters, first.eval_parameters),
                count_text(macs) if isinstance(macs, int) else "",
                _times(macs, base),
                _change(macs, base) if found is not first else "",
                short(found.traffic.total),
                _times(found.traffic.total, first.traffic.total),
            ]
        )
    return aligned(lines, [False, False, *[True] * 7])


def _capacities(analyses: Sequence[Analysis], ascii_only: bool) -> str:
    lines = [["network", "narrowest cut", "of final", "final", "sees", "stride", "smallest", "peak", "saved"]]
    for found in analyses:
        capacity, fields, taken = found.capacity, found.facts.receptive_field, found.memory
        sizes = found.facts.input_sizes["eval"] if found.graph.size_symbols else ()
        smallest = [str(one.minimum) for one in sizes if one.minimum is not None]
        lines.append(
            [
                from_the_end(found.graph.name, _NAME, ascii_only),
                f"{capacity.narrowest.size:,}" if capacity else "",
                percent(capacity.narrowest.size / capacity.final.size) if capacity else "",
                f"{capacity.final.size:,}" if capacity else "",
                str(max((field.largest.size for field in fields), default="")),
                str(max((field.stride for field in fields), default="")),
                ", ".join(smallest),
                short(taken.inference.peak) if taken else "",
                short(taken.saved_in[""]) if taken else "",
            ]
        )
    return aligned(lines, [False, *[True] * 8])


def _times(count: Size, first: Size) -> str:
    """How often the first: `1.09x`; empty where that cannot be told."""
    return f"{count / first:.2f}x" if isinstance(count, int) and isinstance(first, int) and first else ""


def _change(count: Size, first: Size) -> str:
    """By how much more or less than the first: `+9 %`, `-28 %`."""
    if not isinstance(count, int) or not isinstance(first, int) or not first:
        return ""
    return f"{count / first - 1:+.0%}"
