"""Verify: a spec's network and somebody else's are one, by weights and numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal, TypeAlias

import torch
from torch import nn

from archspec.backends.inputs import choose_sizes, random_inputs
from archspec.backends.torch_fx import emit
from archspec.ir.graph import PHASES, Graph, Phase
from archspec.tools.verify_reference import ReferenceError, text_of
from archspec.tools.verify_run import Run, run
from archspec.tools.verify_weights import carry, redraw

BATCH: Final = 2
"""Samples in the random input: the fewest that batch norm can normalise over."""

TOLERANCE: Final = 1e-9
"""How far apart the float64 runs may be. Rounding makes 1e-12; an epsilon of 1e-6 for one of 1e-5 makes 1e-6."""

ROUNDING: Final = 1e-5
"""How far the float32 run may be from the float64 run, or ten times as far as the reference's own float32 run is."""

NEGLIGIBLE: Final = 1e-3
"""A gradient is measured against its largest value, or against this share of the largest of all gradients.

The gradient of a bias before a batch norm is 0, of which computers make noise.
"""

Kind: TypeAlias = Literal["output", "statistic", "gradient"]


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
    """Of the float64 runs: what is left of it when two networks are one is rounding."""
    rounding: float
    """Of our float32 run from their float64 run."""
    their_rounding: float
    """Of their float32 run from their float64 run."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of comparing a network with a reference."""

    pairs: Mapping[str, str]
    """Every key of theirs with the key of ours that got its weight."""
    paired_by: Literal["key", "graph"] | None
    """How keys were paired; None where they could not be."""
    outputs_by: Mapping[Phase, Literal["name", "position"]]
    """How the outputs of each phase were paired."""
    sizes: Mapping[str, int]
    """What the symbols of the inputs were."""
    comparisons: tuple[Comparison, ...]
    differs: tuple[str, ...]
    """What differs, in words; empty where nothing does."""
    tolerance: float = TOLERANCE
    seconds: Mapping[str, float] = field(default_factory=dict)
    """The time each stage took."""

    @property
    def passed(self) -> bool:
        """Whether the two are one network."""
        return not self.differs

    def largest(self, kind: Kind, phase: Phase) -> Comparison | None:
        """The comparison of the largest float64 difference; None where nothing was compared."""
        found = [one for one in self.comparisons if (one.kind, one.phase) == (kind, phase)]
        return max(found, key=lambda one: one.difference, default=None)


def verify(
    graph: Graph,
    reference: nn.Module,
    *,
    sizes: Mapping[str, int] | None = None,
    outputs: Sequence[str] | None = None,
    phases: Sequence[Phase] = PHASES,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Verification:
    """Compare the network of a graph with a reference: eval and training outputs, one step's statistics and gradients.

    The weights and batch statistics of the reference are drawn anew, carried over to ours, and both run on the same
    random input with dropout let through, in float64, which decides, and in float32.

    Args:
        graph: an inferred graph without errors.
        reference: a module that takes the same inputs by position; it is copied, not changed.
        sizes: of symbols of the inputs; the spec's own where nothing is said, and 2 samples.
        outputs: the outputs of ours to build, where the reference has not all of them.
        phases: which modes to compare.
        seed: of weights, inputs and the loss.
        tolerance: how far apart the float64 runs may be, relative to the largest value.
        on_stage: told the name of each stage as it begins.

    Raises:
        ReferenceError: the reference does not run on these inputs.
        ValueError: the spec's network does not run at these sizes.
    """
    clock = _Clock(on_stage)
    chosen = choose_sizes(graph, BATCH, sizes)
    given = random_inputs(graph, BATCH, sizes, seed)
    with clock.stage("build"):
        theirs = copy.deepcopy(reference).float()
        redraw(theirs, seed)
        ours: nn.Module = emit(graph, outputs=outputs)
    inputs = [given[name] for name in graph.inputs]
    pairs, paired_by, unpaired = _pair_keys(theirs, ours)
    if unpaired:
        return Verification(pairs, paired_by, {}, chosen, (), tuple(unpaired), tolerance, clock.seconds)
    carry(pairs, theirs, ours)
    compared = _Compared(pairs, phases, seed)
    with clock.stage("run in float32"):
        compared.run(torch.float32, theirs, ours, inputs, chosen)
    with clock.stage("run in float64"):
        compared.run(torch.float64, theirs, ours, inputs, chosen)
    comparisons = tuple(compared.comparisons())
    differs = (*compared.differs, *_over(comparisons, tolerance))
    return Verification(pairs, paired_by, compared.outputs_by, chosen, comparisons, differs, tolerance, clock.seconds)


class _Clock:
    """Times stages."""

    def __init__(self, on_stage: Callable[[str], None]) -> None:
        self.on_stage = on_stage
        self.seconds: dict[str, float] = {}
        self.name = ""

    def stage(self, name: str) -> _Clock:
        self.name = name
        self.on_stage(name)
        return self

    def __enter__(self) -> None:
        self.start = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.name] = perf_counter() - self.start


def _pair_keys(theirs: nn.Module, ours: nn.Module) -> tuple[dict[str, str], Literal["key", "graph"] | None, list[str]]:
    their_state, our_state = theirs.state_dict(), ours.state_dict()
    missing = [f"`{key}` is a key of theirs and not of ours" for key in their_state if key not in our_state]
    missing += [f"`{key}` is a key of ours and not of theirs" for key in our_state if key not in their_state]
    shapes = [
        f"`{key}` is {list(value.shape)} in theirs and {list(our_state[key].shape)} in ours"
        for key, value in their_state.items()
        if key in our_state and value.shape != our_state[key].shape
    ]
    return {key: key for key in their_state if key in our_state}, None if missing else "key", missing + shapes


class _Compared:
    """The runs of both networks, and what they have in common."""

    def __init__(self, pairs: Mapping[str, str], phases: Sequence[Phase], seed: int) -> None:
        self.pairs = pairs
        self.phases = phases
        self.seed = seed
        self.theirs: dict[torch.dtype, Run] = {}
        self.ours: dict[torch.dtype, Run] = {}
        self.outputs_by: dict[Phase, Literal["name", "position"]] = {}
        self.differs: list[str] = []

    def run(
        self,
        dtype: torch.dtype,
        theirs: nn.Module,
        ours: nn.Module,
        inputs: Sequence[torch.Tensor],
        sizes: Mapping[str, int],
    ) -> None:
        given = [value.to(dtype) if value.is_floating_point() else value for value in inputs]
        try:
            their = run(theirs.to(dtype), given, self.phases, seed=self.seed)
        except Exception as error:
            at = ", ".join(f"{name}={size}" for name, size in sizes.items())
            mode = "training" if theirs.training else "eval"
            raise ReferenceError(f"the reference does not run in {mode} mode at {at}: {text_of(error)}") from error
        self.theirs[dtype] = their

        def arrange(phase: Phase, found: Mapping[str, torch.Tensor]) -> list[torch.Tensor] | None:
            names = self.pair_outputs(their.outputs[phase], found)
            return [found[name] for name in names.values()] if names else None

        self.ours[dtype] = run(ours.to(dtype), given, self.phases, arrange, self.seed)

    @staticmethod
    def pair_outputs(theirs: Mapping[str, torch.Tensor], ours: Mapping[str, torch.Tensor]) -> dict[str, str]:
        """The outputs of theirs with those of ours: by name where all agree, by position where only the number does."""
        if set(theirs) == set(ours):
            return {name: name for name in theirs}
        return dict(zip(theirs, ours, strict=True)) if len(theirs) == len(ours) else {}

    def comparisons(self) -> Iterator[Comparison]:
        theirs, ours = self.theirs[torch.float64], self.ours[torch.float64]
        for phase in self.phases:
            yield from self._outputs(phase, theirs.outputs[phase], ours.outputs[phase])
        if "training" in self.phases and not self.differs:
            yield from self._tensors("statistic", lambda found: found.buffers)
            yield from self._tensors("gradient", lambda found: found.gradients)
            self._dropouts(theirs, ours)

    def _outputs(
        self, phase: Phase, theirs: Mapping[str, torch.Tensor], ours: Mapping[str, torch.Tensor]
    ) -> Iterator[Comparison]:
        names = self.pair_outputs(theirs, ours)
        if not names:
            self.differs.append(f"in {phase} mode theirs gives {_counted(theirs)}, ours gives {_counted(ours)}")
            return
        self.outputs_by[phase] = "name" if list(names) == list(names.values()) else "position"
        if self.outputs_by[phase] == "name" and list(theirs) != list(ours):
            self.differs.append(
                f"in {phase} mode outputs come in another order: {_listed(theirs)} in theirs, {_listed(ours)} in ours"
            )
        for their_name, our_name in names.items():
            truth = theirs[their_name]
            yield Comparison(
                "output",
                phase,
                their_name,
                our_name,
                distance(ours[our_name], truth),
                distance(self.ours[torch.float32].outputs[phase][our_name], truth),
                distance(self.theirs[torch.float32].outputs[phase][their_name], truth),
            )

    def _tensors(self, kind: Kind, of: Callable[[Run], Mapping[str, torch.Tensor | None]]) -> Iterator[Comparison]:
        truths = of(self.theirs[torch.float64])
        largest = max(
            (float(value.abs().max()) for value in truths.values() if value is not None and value.numel()), default=0.0
        )
        floor = largest * NEGLIGIBLE if kind == "gradient" else 0.0
        for their_key, truth in truths.items():
            our_key = self.pairs[their_key]
            value = of(self.ours[torch.float64])[our_key]
            if truth is None or value is None:
                if (truth is None) != (value is None):
                    who = "theirs" if value is None else "ours"
                    self.differs.append(
                        f"the outputs depend on `{their_key if value is None else our_key}` in {who} alone"
                    )
                continue
            yield Comparison(
                kind,
                "training",
                their_key,
                our_key,
                distance(value, truth, floor),
                distance(of(self.ours[torch.float32])[our_key], truth, floor),
                distance(of(self.theirs[torch.float32])[their_key], truth, floor),
            )

    def _dropouts(self, theirs: Run, ours: Run) -> None:
        left = list(ours.dropouts)
        for index, dropout in enumerate(theirs.dropouts):
            place = f"dropout {index + 1} of theirs, on {list(dropout.shape)}"
            same = [
                one
                for one in left
                if one.shape == dropout.shape and abs(one.norm - dropout.norm) <= 1e-6 * dropout.norm
            ]
            found = next((one for one in same if one.p == dropout.p), same[0] if same else None)
            if found is None:
                self.differs.append(f"{place} with p={dropout.p}, has no partner in ours")
                continue
            left.remove(found)
            if found.p != dropout.p:
                self.differs.append(f"{place}, has p={dropout.p}, and p={found.p} in ours")
        self.differs += [
            f"a dropout of ours on {list(one.shape)} with p={one.p} has no partner in theirs" for one in left
        ]


def distance(value: torch.Tensor | None, truth: torch.Tensor, floor: float = 0.0) -> float:
    """The largest difference, relative to the largest value of the truth or to `floor`; infinite for other shapes."""
    if value is None or value.shape != truth.shape:
        return float("inf")
    if not truth.numel():
        return 0.0
    truth = truth.double()
    difference = float((value.double() - truth).abs().max())
    scale = max(float(truth.abs().max()), floor)
    if difference != difference or scale == float("inf"):
        return float("inf")
    return difference / scale if scale else (0.0 if difference == 0 else float("inf"))


def _over(comparisons: Sequence[Comparison], tolerance: float) -> Iterator[str]:
    """What is over tolerance, in words."""
    for one in comparisons:
        what = {"output": "output", "statistic": "after one training step", "gradient": "the gradient of"}[one.kind]
        if one.difference > tolerance:
            yield f"in {one.phase} mode, {what} `{one.ours}` differs by {one.difference:.1e}"
        elif one.kind == "output" and one.rounding > max(ROUNDING, 10 * one.their_rounding):
            yield (
                f"in {one.phase} mode, {what} `{one.ours}` is {one.rounding:.1e} off in float32,"
                f" where theirs is {one.their_rounding:.1e} off"
            )


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _counted(outputs: Mapping[str, object]) -> str:
    return f"{len(outputs)} output{'s' * (len(outputs) != 1)} ({_listed(outputs)})"
