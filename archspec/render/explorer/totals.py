"""What two networks cost, see and take, each measure as it was and as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from archspec.analysis.diff.totals import Total
from archspec.ir.dims import Size
from archspec.render.diff_lines import ARROW
from archspec.render.explorer.details import Pairs
from archspec.render.layout import percent, short
from archspec.render.table import count_text

_GLANCE: Final = frozenset({"parameters", "MACs", "peak memory", "receptive field"})
_SMALLEST: Final = "smallest "
_UNITS: Final = {"bytes": "B", "pixels": " px"}
_MINUS: Final = "\u2212"
_LEAST: Final = 0.001
"""The share below which its first digit is told, wherever that is."""


def at_a_glance(totals: Iterable[Total]) -> Pairs:
    """The few that tell most, in three digits; symbols that begin at the same sizes are one."""
    told = [total for total in totals if total.name in _GLANCE]
    names: defaultdict[Total, list[str]] = defaultdict(list)
    for total in totals:
        if total.name.startswith(_SMALLEST) and " in " not in total.name:
            names[Total(_SMALLEST, total.unit, total.before, total.after)].append(total.name.removeprefix(_SMALLEST))
    smallest = [(f"{total.name}{', '.join(each)}", total) for total, each in names.items()]
    return [(name, _change(total, False)) for name, total in [*((total.name, total) for total in told), *smallest]]


def at_length(totals: Iterable[Total]) -> Pairs:
    """All of them, in all digits."""
    return [(total.name, _change(total, True)) for total in totals]


def _change(total: Total, is_exact: bool) -> str:
    """From what to what, and how much more that is as a share; one number where it is the same."""
    before, after = (_amount(total, size, is_exact) for size in (total.before, total.after))
    return f"{after if before == after else f'{before} {ARROW} {after}'}{_share(total)}"


def _share(total: Total) -> str:
    """How much more it is, where there was something: ` (+4.1%)`."""
    before, difference = total.before, total.difference
    if not before or not difference or not isinstance(before, int) or not isinstance(difference, int):
        return ""
    share = abs(difference) / before
    text = percent(share) if share >= _LEAST else f"{100 * share:.1g}%"
    return f" ({'+' if difference > 0 else _MINUS}{text})"


def _amount(total: Total, size: Size | None, is_exact: bool) -> str:
    if size is None:
        return "none" if total.unit == "size" else "unknown"
    is_short = total.unit == "bytes" or (not is_exact and total.unit in ("numbers", "operations"))
    text = short(size) if is_short else count_text(size)
    return f"{text or 0}{_UNITS.get(total.unit, '')}"
