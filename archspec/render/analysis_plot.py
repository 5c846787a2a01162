"""An analysis as a picture: the capacity curve along the network, and what its grid stages cost beside it.

The same analysis gives the same bytes: no dates, no random names, no fonts but those that matplotlib brings.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from archspec.analysis.capacity_curve import Segment
from archspec.render.analysis import Analysis, Line, common_path, tensors_text
from archspec.render.layout import percent, short
from archspec.render.table import size_text

_SETTINGS: Final[Any] = {
    "svg.hashsalt": "archspec",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_METADATA: Final[Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
"""What would differ from run to run, left out."""
_UPRIGHT: Final[Any] = {"rotation": 90, "va": "top", "ha": "left", "fontsize": 7, "color": "dimgrey"}
_LABEL: Final = 0.022
"""The share of the width that an upright label takes."""
_STAGE: Final = 0.1
"""The share of the width that a stage takes at least whose narrowest cut is named."""
_LINE, _BAR, _MARK = "#26547c", "#7fa7c9", "#c0392b"


@dataclass(slots=True)
class _Stage:
    """Rows next to each other whose places lie equally far apart."""

    label: str
    macs: int = 0
    parameters: int = 0
    saved: int = 0


def plot(analyses: Sequence[Analysis], form: str) -> bytes:
    """Networks below each other: on the left the curve, on the right the costs by stage.

    Args:
        analyses: the networks.
        form: `svg`, `png` or `pdf`.
    """
    with rc_context(_SETTINGS), catch_warnings():
        simplefilter("ignore", UserWarning)  # a title in letters that the font does not have is drawn as boxes
        figure = Figure(figsize=(13, 4.2 * len(analyses)), layout="constrained")
        grid = figure.subplots(len(analyses), 4, squeeze=False, width_ratios=(5, 1, 1, 1))
        for axes, found in zip(grid, analyses, strict=True):
            _curve(axes[0], found)
            _stages(axes[1:], found)
        target = io.BytesIO()
        figure.savefig(target, format=form, metadata=_METADATA[form], dpi=150)
    return target.getvalue()


def _curve(axes: Axes, found: Analysis) -> None:
    axes.set_title(found.name, loc="left", fontweight="bold")
    if found.capacity is None:
        axes.text(0, 0.5, f"no cuts: {found.unknown}", wrap=True)
        axes.set_axis_off()
        return
    edges = [found.curve[0].start - 0.5, *(segment.end + 0.5 for segment in found.curve)]
    sizes = [segment.cut.size for segment in found.curve]
    axes.stairs(sizes, edges, baseline=None, color=_LINE, linewidth=1.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: short(round(size))))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(min(sizes) / 2, max(sizes) * 4)
    axes.set_xlabel("nodes that have run")
    axes.set_ylabel("elements of the narrowest cut, per sample")
    final, narrowest = found.capacity.final, found.capacity.narrowest
    axes.axhline(final.size, color="grey", linewidth=0.8, linestyle="--")
    axes.text(edges[0], final.size * 1.05, f" final representation {final.size:,}", color="grey", va="bottom")
    place = next(segment for segment in found.curve if segment.cut == narrowest)
    share = percent(narrowest.size / final.size)
    _mark(axes, place, f"{narrowest.size:,}: {tensors_text(narrowest)} ({share} of the final)", _MARK)
    for segment in _narrowest_of_stages(found):
        if segment.cut.size > narrowest.size:
            _mark(axes, segment, f"{segment.cut.size:,}: {common_path(segment.cut)}".removesuffix(": "), _LINE)
    _mark_changes(axes, found)


def _mark(axes: Axes, segment: Segment, text: str, color: str) -> None:
    """A dot in the middle of a segment, and its text below, on the side where there is room."""
    middle = (segment.start + segment.end) / 2
    side = "right" if middle > sum(axes.get_xlim()) / 2 else "left"
    axes.plot([middle], [segment.cut.size], "o", color=color, markersize=4)
    axes.annotate(
        text, (middle, segment.cut.size), (0, -13), textcoords="offset points", color=color, ha=side, fontsize=8
    )


def _narrowest_of_stages(found: Analysis) -> Iterator[Segment]:
    """The narrowest cut between each two grid changes that lie far enough apart to have it named."""
    starts = {segment.cut.values: segment.end for segment in found.curve}
    last = found.curve[-1].end
    borders = [0, *(starts[change.before.values] for change in found.changes if change.before.values in starts), last]
    for first, end in pairwise(borders):
        inside = [segment for segment in found.curve if first < segment.start and segment.end <= end]
        if inside and end - first > _STAGE * (last + 1):
            yield min(inside, key=lambda segment: segment.cut.size)


def _mark_changes(axes: Axes, found: Analysis) -> None:
    """Where each grid change begins that loses elements, with its name and the share that it keeps."""
    starts = {segment.cut.values: segment.end for segment in found.curve}
    gap = _LABEL * (found.curve[-1].end + 1)
    label = -gap
    for change in found.changes:
        place = starts.get(change.before.values)
        if place is None or change.ratio >= 1:
            continue
        axes.axvline(place + 0.5, color="lightgrey", linewidth=0.8, zorder=0)
        label = max(place + 0.5, label + gap)
        text = f" {change.path} keeps {percent(change.ratio)}"
        axes.text(label, 0.99, text, transform=axes.get_xaxis_transform(), **_UPRIGHT)


def _stages(every: Sequence[Axes], found: Analysis) -> None:
    stages = _by_stride(found.lines)
    places = range(len(stages))
    for axes, title, counts in (
        (every[0], "MACs", [stage.macs for stage in stages]),
        (every[1], "parameters", [stage.parameters for stage in stages]),
        (every[2], "bytes saved", [stage.saved for stage in stages]),
    ):
        axes.barh(places, counts, color=_BAR)
        axes.set_title(title, loc="left")
        axes.set_yticks(places, [stage.label for stage in stages] if axes is every[0] else [""] * len(stages))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_xlim(0, max([*counts, 1]) * 1.5)
        axes.invert_yaxis()
        for place, count in zip(places, counts, strict=True):
            axes.text(count, place, f" {short(count)}", va="center")


def _by_stride(lines: Sequence[Line]) -> list[_Stage]:
    """What runs in eval mode, added up over rows on one grid; what has no space is one stage by itself."""
    stages: dict[int, _Stage] = {}
    for line in (line for line in lines if line.row.phase != "training"):
        kinds = [kind for kind in line.row.outputs if kind is not None]
        has_space = any(side != 1 for kind in kinds for side in kind.shape[2:])
        stride = max((field.stride for field in line.field), default=0) if has_space else 0
        stage = stages.setdefault(stride, _Stage("without space"))
        if has_space:
            stage.label = size_text(kinds[-1:]).rpartition("x")[0] or size_text(kinds[-1:])
        stage.macs += line.row.counts.macs if isinstance(line.row.counts.macs, int) else 0
        stage.parameters += line.row.counts.parameters
        stage.saved += line.saved or 0
    return list(stages.values())
