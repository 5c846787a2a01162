"""Report: what was made of a module, what else was tried, and what came of it, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

_FEW = 4
"""Of so few runs there are no quartiles."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long runs took, in seconds."""

    label: str
    times: tuple[float, ...]
    difference: float
    """The largest of the outputs' differences to the module's, as a share of their largest number."""
    seconds: float = 0.0
    """What it took to make ready."""

    @property
    def median(self) -> float:
        """The median of the runs."""
        return quantiles(self.times, n=2)[0] if len(self.times) > 1 else self.times[0]

    @property
    def lower_quartile(self) -> float:
        """The lower quartile of the runs, or the shortest of few: what else the machine does only adds to it."""
        return quantiles(self.times, n=4, method="inclusive")[0] if len(self.times) > _FEW else min(self.times)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, or of few runs between the ends, as a share of the median."""
        low, high = min(self.times), max(self.times)
        if len(self.times) > _FEW:
            low, _, high = quantiles(self.times, n=4)
        return (high - low) / 2 / self.median


_LITTLE = 1e-3
"""Below this dependence on the input it is said that the difference proves little."""


@dataclass(frozen=True)
class Report:
    """What `archspec.optimize` did."""

    name: str
    """Of the network."""
    engine: str
    passes: Mapping[str, int]
    """How often each pass rewrote something, in order."""
    sizes: Mapping[str, int]
    """What the symbols of the inputs were when it was made ready."""
    difference: float
    """The largest of the outputs' differences to the module's, as a share of their largest number."""
    seconds: float
    """What it took, all that was tried included."""
    from_cache: bool
    """Whether the choice was known from before, so that nothing was timed."""
    timings: tuple[Timing, ...] = ()
    """All that was timed: what was chosen, then what it was compared with last, then the others."""
    passed_over: Mapping[str, str] = field(default_factory=dict)
    """The engines that were not tried, or could not run it, and why."""
    dependence: float | None = None
    """How far the outputs of another input are from those; where it is small, the difference proves little."""
    effects: Sequence[Timing] = ()
    """The module as it is, and after one more pass each."""

    def __str__(self) -> str:
        at = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        passes = ", ".join(f"{name} {count}" for name, count in self.passes.items() if count)
        chosen = "as before on this machine" if self.from_cache else f"of {len(self.timings)} tried"
        lines = [
            f"{self.name}" + (f" at {at}" if at else ""),
            f"engine      {self.engine}" + (f", {chosen}" if self.from_cache or len(self.timings) > 1 else ""),
            f"passes      {passes or 'none found anything'}",
            f"difference  {self.difference:.1e} of the largest output, to the module",
            f"ready in    {self.seconds:.2f} s",
        ]
        if self.dependence is not None and self.dependence < _LITTLE:
            lines.insert(
                4, f"            (but those of another input are only {self.dependence:.1e} off: is it trained?)"
            )
        lines += _table("tried", self.timings)
        lines += _table("one pass more each", self.effects)
        lines += [f"not {name}: {why}" for name, why in self.passed_over.items()]
        return "\n".join(lines)


def _table(title: str, timings: Sequence[Timing]) -> list[str]:
    if not timings:
        return []
    slowest = max(each.lower_quartile for each in timings)
    rows = [(title, "lower quartile", "median", "spread", "ratio", "difference")]
    rows += [
        (
            each.label,
            f"{1000 * each.lower_quartile:.2f} ms",
            f"{1000 * each.median:.2f} ms",
            f"{each.spread:.0%}",
            f"{slowest / each.lower_quartile:.2f}x",
            f"{each.difference:.1e}",
        )
        for each in timings
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["", *("  ".join(_cells(row, widths)).rstrip() for row in rows)]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = row
    return [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
