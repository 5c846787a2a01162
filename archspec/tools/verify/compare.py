"""Compare: the runs of two networks, tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import torch

from archspec.ir.graph import Phase
from archspec.tools.verify.run import Dropout, Run

TOLERANCE: Final = 1e-9
"""How far apart the float64 runs may be. Rounding makes 1e-12; an epsilon of 1e-6 for one of 1e-5 makes 1e-6."""

ROUNDING: Final = 1e-5
"""How far the outputs in float32 may be from those in float64, where the reference's own are not a tenth as far off."""

NEGLIGIBLE: Final = 1e-3
"""A gradient is measured against its largest value, or against this share of the largest of all gradients.

The gradient of a bias before a batch norm is 0, of which computers make noise.
"""

Kind: TypeAlias = Literal["output", "statistic", "gradient"]
Paired: TypeAlias = Literal["name", "position"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A tensor of ours beside theirs: the largest differences, relative to the largest value of theirs in float64."""

    kind: Kind
    """What is compared: an output, a buffer after one training step, or the gradient of a parameter."""
    phase: Phase
    theirs: str
    """Name of the output, or key."""
    ours: str
    difference: float
    """Of the float64 runs: where two networks are one, it is rounding."""
    rounding: float
    """Of our float32 run from their float64 run."""
    their_rounding: float
    """Of their float32 run from their float64 run."""


@dataclass(slots=True)
class Compared:
    """What comparing runs came to."""

    comparisons: list[Comparison] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    """What differs and is no number."""
    outputs: dict[Phase, dict[str, str]] = field(default_factory=dict)
    """Outputs of theirs with outputs of ours, by phase."""
    outputs_by: dict[Phase, Paired] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one network."""

    exact: Run
    """In float64."""
    single: Run
    """In float32."""


def compare(theirs: Runs, ours: Runs, pairs: Mapping[str, str], phases: Sequence[Phase]) -> Compared:
    """Compare the runs of two networks with equal weights.

    Args:
        theirs: of the reference; its float64 run is the truth.
        ours: of the spec's module.
        pairs: every key of theirs with that of ours.
        phases: the modes that were run in.
    """
    found = Compared()
    for phase in phases:
        _compare_outputs(theirs, ours, phase, found)
    if "training" in phases and "training" in found.outputs:
        _compare_tensors("statistic", theirs, ours, lambda run: run.buffers, pairs, found)
        _compare_tensors("gradient", theirs, ours, lambda run: run.gradients, pairs, found)
        found.differs += _dropouts(theirs.exact.dropouts, ours.exact.dropouts)
    return found


def pair_outputs(theirs: Mapping[str, object], ours: Mapping[str, object]) -> tuple[dict[str, str], Paired]:
    """The outputs of theirs with those of ours: by name where all agree, by position where only the number does.

    Empty where the numbers differ.
    """
    if set(theirs) == set(ours) and len(theirs) > 1:
        return {name: name for name in theirs}, "name"
    return (dict(zip(theirs, ours, strict=True)) if len(theirs) == len(ours) else {}), "position"


def distance(value: torch.Tensor | None, truth: torch.Tensor, floor: float = 0.0) -> float:
    """The largest difference, relative to the largest value of the truth or to `floor`.

    Infinite where shapes differ, or where something is no finite number.
    """
    if value is None or value.shape != truth.shape:
        return float("inf")
    if not truth.numel():
        return 0.0
    truth = truth.double()
    difference = float((value.double() - truth).abs().max())
    scale = max(float(truth.abs().max()), floor)
    if difference == 0.0 and scale < float("inf"):
        return 0.0
    return difference / scale if 0 < scale < float("inf") and difference < float("inf") else float("inf")


def describe_over(comparisons: Sequence[Comparison], tolerance: float) -> Iterator[str]:
    """What is over tolerance, in words: each output, and of statistics and gradients how many and which one most."""
    for one in comparisons:
        if one.kind == "output" and not one.difference <= tolerance:
            yield f"output `{one.ours}` in {one.phase} mode differs by {one.difference:.1e}"
        elif one.kind == "output" and not one.rounding <= max(ROUNDING, 10 * one.their_rounding):
            yield (
                f"output `{one.ours}` in {one.phase} mode is {one.rounding:.1e} off in float32,"
                f" where theirs is {one.their_rounding:.1e} off"
            )
    for kind, text in (("statistic", "statistics after one training step"), ("gradient", "gradients")):
        every = [one for one in comparisons if one.kind == kind]
        over = [one for one in every if not one.difference <= tolerance]
        if over:
            most = max(over, key=lambda one: one.difference)
            count = f"{len(over)} of {len(every)}" if len(over) < len(every) else f"all {len(every)}"
            yield f"{count} {text} differ, that of `{most.ours}` most: by {most.difference:.1e}"


def _compare_outputs(theirs: Runs, ours: Runs, phase: Phase, found: Compared) -> None:
    their, our = theirs.exact.outputs[phase], ours.exact.outputs[phase]
    names, how = pair_outputs(their, our)
    if not names:
        found.differs.append(f"theirs gives {_counted(their)} in {phase} mode, ours gives {_counted(our)}")
        return
    found.outputs[phase], found.outputs_by[phase] = names, how
    found.differs += _wrong_order(phase, names, their, our)
    for their_name, our_name in names.items():
        truth = their[their_name]
        single = ours.single.outputs[phase][our_name], theirs.single.outputs[phase][their_name]
        roundings = [distance(value, truth) for value in single]
        exact = distance(our[our_name], truth)
        found.comparisons.append(Comparison("output", phase, their_name, our_name, exact, *roundings))


def _wrong_order(
    phase: Phase, names: Mapping[str, str], their: Mapping[str, torch.Tensor], our: Mapping[str, torch.Tensor]
) -> Iterator[str]:
    """Outputs that are there, but elsewhere: whoever unpacks them gets the wrong ones."""
    places = list(our)
    for place, (their_name, our_name) in enumerate(names.items()):
        if places[place] != our_name:
            yield f"output `{our_name}` in {phase} mode is number {places.index(our_name) + 1}, in theirs {place + 1}"
        elif distance(our[our_name], their[their_name]) > TOLERANCE:
            same = [name for name in our if distance(our[name], their[their_name]) <= TOLERANCE]
            if same:
                yield (
                    f"output `{same[0]}` in {phase} mode is number {places.index(same[0]) + 1},"
                    f" in theirs it is number {place + 1}, `{their_name}`"
                )


def _compare_tensors(
    kind: Kind,
    theirs: Runs,
    ours: Runs,
    of: Callable[[Run], Mapping[str, torch.Tensor | None]],
    pairs: Mapping[str, str],
    found: Compared,
) -> None:
    truths = {key: value for key, value in of(theirs.exact).items() if key in pairs}  # a tied weight has more keys
    largest = max(
        (float(value.abs().max()) for value in truths.values() if value is not None and value.numel()), default=0
    )
    floor = largest * NEGLIGIBLE if kind == "gradient" else 0.0
    for their_key, truth in truths.items():
        our_key = pairs[their_key]
        value = of(ours.exact).get(our_key)
        if truth is not None and value is not None:
            single = of(ours.single)[our_key], of(theirs.single)[their_key]
            roundings = [distance(one, truth, floor) for one in single]
            exact = distance(value, truth, floor)
            found.comparisons.append(Comparison(kind, "training", their_key, our_key, exact, *roundings))
        elif truth is not None:
            found.differs.append(f"the training outputs of theirs depend on `{their_key}`, those of ours do not")
        elif value is not None:
            found.differs.append(f"the training outputs of ours depend on `{our_key}`, those of theirs do not")


def _dropouts(theirs: Sequence[Dropout], ours: Sequence[Dropout]) -> Iterator[str]:
    """Where other values are dropped, or by another chance."""
    left = list(ours)
    alone: list[Dropout] = []
    for dropout in theirs:
        same = [one for one in left if one.size == dropout.size and abs(one.norm - dropout.norm) <= 1e-9 * dropout.norm]
        if not same:
            alone.append(dropout)
            continue
        found = next((one for one in same if str(one) == str(dropout)), same[0])
        left.remove(found)
        if str(found) != str(dropout):
            yield f"theirs has {dropout}, and ours has {found} in its place"
    for dropout in alone:  # where the values differ, the mistake is before the dropout
        equal = next((one for one in left if (str(one), one.size) == (str(dropout), dropout.size)), None)
        if equal is None:
            yield f"theirs has {dropout}, and ours has none in its place"
        else:
            left.remove(equal)
    yield from (f"ours has {one}, and theirs has none in its place" for one in left)


def _counted(outputs: Mapping[str, object]) -> str:
    names = ", ".join(f"`{name}`" for name in outputs)
    return f"{len(outputs)} output{'s' * (len(outputs) != 1)} ({names})" if outputs else "no output"
