"""The report of loading weights: what fitted and what did not, as data and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from archspec.source.sanitize import brief, visible

MOST_LISTED: Final = 8
"""Of what is wrong in one way, as many are printed."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something in the file that cannot become what its key needs."""

    key: str
    """Of the model."""
    name: str
    """In the file."""
    reason: str
    """Both sides: the shape or type that is needed, and the one in the file."""
    kind: Literal["shape", "type", "ambiguous"] = "ambiguous"

    def __str__(self) -> str:
        called = "" if self.key == self.name else f" (`{shown(self.name)}` there)"
        return f"`{shown(self.key)}`{called}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every key of a model and of every name in a file of weights.

    The fields have all of it; printed, long lists are cut off, with their counts.
    """

    source: str
    """The file, or `the mapping`."""
    expected: int
    """How many keys the model has."""
    matched: Mapping[str, str] = field(default_factory=dict)
    """Keys of the model that the file has what fits for, with the names they have there."""
    missing: tuple[str, ...] = ()
    """Keys of the model that the file says nothing about."""
    unexpected: tuple[str, ...] = ()
    """Names in the file that no key comes of."""
    wrong_shape: tuple[Misfit, ...] = ()
    """Tensors of another shape than the model's."""
    wrong_type: tuple[Misfit, ...] = ()
    """What is no tensor, or one whose numbers cannot become what the model has."""
    ambiguous: tuple[Misfit, ...] = ()
    """Keys that several names lead to, and tied keys whose tensors differ."""
    nearest: Mapping[str, str] = field(default_factory=dict)
    """For missing keys, the unexpected name that was most likely meant."""
    tied: tuple[str, ...] = ()
    """Keys that the file does not have, as they are one parameter with keys that it has."""
    filled: Mapping[str, float] = field(default_factory=dict)
    """Keys that the file does not have, with the number that all of such a weight is."""
    kept: tuple[str, ...] = ()
    """Keys that were to stay as they are."""
    left_out: tuple[str, ...] = ()
    """Names whose keys belong to outputs that the model was compiled without."""
    ignored: tuple[str, ...] = ()
    """Names that may be in the file though no key comes of them."""
    trimmed: tuple[str, ...] = ()
    """Keys whose tensor had one row too many, the first, which was left out: that of the background class."""
    converted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Keys whose tensor had another dtype, with that and the model's."""
    without_values: tuple[str, ...] = ()
    """What is on the meta device, and so has no values, after loading."""
    notes: tuple[str, ...] = ()
    """How names were changed before they were compared, and what may help."""

    @property
    def fits(self) -> bool:
        """Whether all the model needs is there, and nothing else."""
        wrong = (self.missing, self.unexpected, self.wrong_shape, self.wrong_type, self.ambiguous)
        return not any(wrong)

    def __str__(self) -> str:
        return "\n".join([self._headline(), *(f"  {line}" for line in self._lines())])

    def _headline(self) -> str:
        counts = [f"{len(self.matched):,} of {self.expected:,} keys come from it"]
        others = {"tied": self.tied, "filled in": self.filled, "kept as they are": self.kept}
        counts += [f"{len(keys):,} are {what}" for what, keys in others.items() if keys]
        return f"{visible(self.source)}: {', '.join(counts)}"

    def _lines(self) -> Iterator[str]:
        missing = [self._missing(key) for key in islice(self.missing, MOST_LISTED)]
        yield from _listed("missing", missing, len(self.missing))
        for what, names in (("unexpected", self.unexpected), ("without values", self.without_values)):
            yield from _listed(what, [f"`{shown(name)}`" for name in names[:MOST_LISTED]], len(names))
        misfits = {
            "of a wrong shape": self.wrong_shape,
            "of a wrong type": self.wrong_type,
            "ambiguous": self.ambiguous,
        }
        for what, wrong in misfits.items():
            yield from _listed(what, [str(misfit) for misfit in wrong[:MOST_LISTED]], len(wrong))
        for (given, needed), number in Counter(self.converted.values()).items():
            yield f"{number:,} converted from {given} to {needed}"
        yield from _counted("without the row of the background class", self.trimmed)
        yield from _counted("of outputs that the model was compiled without", self.left_out)
        yield from _counted("ignored", self.ignored)
        yield from self.notes

    def _missing(self, key: str) -> str:
        meant = self.nearest.get(key)
        return f"`{shown(key)}`" + (f"; the file has `{shown(meant)}`" if meant else "")


class WeightsError(ValueError):
    """Weights that cannot be loaded; the model is as it was before. `str()` of it says all there is to say."""

    def __init__(self, message: str, report: LoadReport | None = None) -> None:
        super().__init__(message)
        self.report = report
        """What fits and what does not; None where the file could not be read at all."""

    @classmethod
    def of_report(cls, report: LoadReport) -> WeightsError:
        """The error of weights that do not fit."""
        return cls(f"the weights do not fit; the model is as it was\n{report}", report)

    def __reduce__(self) -> tuple[type[WeightsError], tuple[str, LoadReport | None]]:
        return type(self), (str(self), self.report)


def shown(name: str) -> str:
    """A name as a report quotes it: on one line, and not endless."""
    return visible(brief(name, 120))


def _listed(what: str, lines: list[str], number: int) -> Iterator[str]:
    if number:
        yield f"{number:,} {what}:"
        yield from (f"  {line}" for line in lines)
    if number > len(lines):
        yield f"  and {number - len(lines):,} more"


def _counted(what: str, names: Collection[str]) -> Iterator[str]:
    if names:
        first = ", ".join(f"`{shown(name)}`" for name in islice(names, 2))
        yield f"{len(names):,} {what}: {first}{', ...' if len(names) > 2 else ''}"
