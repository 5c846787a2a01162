"""Verify: a spec's network and somebody else's are one, by weights and numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Literal

import torch
from torch import nn

from archspec.backends.inputs import choose_sizes, random_inputs
from archspec.backends.schedule import schedule
from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph, Phase
from archspec.tools.verify.compare import (
    TOLERANCE,
    Compared,
    Comparison,
    Kind,
    Paired,
    Runs,
    compare,
    describe_over,
    pair_outputs,
)
from archspec.tools.verify.match import Match, match
from archspec.tools.verify.reference import text_of
from archspec.tools.verify.run import Run, run
from archspec.tools.verify.trace import trace
from archspec.tools.verify.unpaired import describe_unpaired
from archspec.tools.verify.weights import carry, redraw, weights_of
from archspec.tools.verify.where import Place, first_differences, setting_differences


class DoesNotRunError(ValueError):
    """One of the two networks raised an exception; the message has its words, and `phase` is the mode it ran in."""

    def __init__(self, message: str, phase: Phase) -> None:
        super().__init__(message)
        self.phase = phase


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of comparing a network with a reference."""

    sizes: Mapping[str, int]
    """What the symbols of the inputs were."""
    pairs: Mapping[str, str]
    """Keys of theirs with the keys of ours that got their weights."""
    paired_by: Literal["key", "graph"]
    """How they were paired: by the graph where the keys are not the same."""
    guessed: tuple[tuple[str, str], ...] = ()
    """Pairs that only the order of execution told apart."""
    comparisons: tuple[Comparison, ...] = ()
    outputs_by: Mapping[Phase, Paired] = field(default_factory=dict)
    """How the outputs of each phase were paired."""
    differs: tuple[str, ...] = ()
    """What differs, in words; empty where nothing does."""
    places: tuple[Place, ...] = ()
    """Where it differs first, as far as that can be told."""
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
    phases: Sequence[Phase] = ("eval", "training"),
    seed: int = 0,
    tolerance: float = TOLERANCE,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Verification:
    """Compare the network of a graph with a reference: outputs in both modes, one step's statistics and gradients.

    The weights and batch statistics of the reference are drawn anew and carried over to ours: by key where the keys
    are the same, else by the graph. Both run on the same random input with dropout let through, in float64, which
    decides, and in float32. Where they differ, it is said where values that were equal part first.

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
        DoesNotRunError: the reference, or the spec's network, does not run on inputs of these sizes.
        ValueError: the spec has no such sizes or outputs.
    """
    clock = _Clock(on_stage)
    chosen = choose_sizes(graph, sizes=sizes)
    given = random_inputs(graph, sizes=chosen, seed=seed)
    with clock.stage("build"):
        theirs = _trainable(copy.deepcopy(reference).float())
        redraw(theirs, seed)
        ours = emit(graph, outputs=outputs)
    both = _Both(
        theirs, ours, [given[name] for name in graph.inputs], phases, seed, _lone_outputs(graph, outputs, phases)
    )
    with clock.stage("pair weights"):
        pairs, paired_by, guessed = both.pair_keys()
    made = Verification(chosen, pairs, paired_by, guessed, tolerance=tolerance, seconds=clock.seconds)
    if unpaired := tuple(describe_unpaired(pairs, _shapes(theirs), _shapes(ours))):
        return replace(made, differs=unpaired)
    carry(pairs, theirs, ours)
    runs: list[tuple[Run, Run]] = []
    for dtype in (torch.float32, torch.float64):
        with clock.stage(f"run in {str(dtype).removeprefix('torch.')}"):
            runs.append(both.run(dtype))
    (their_single, our_single), (their_exact, our_exact) = runs
    found = compare(Runs(their_exact, their_single), Runs(our_exact, our_single), pairs, phases)
    over = list(describe_over(found.comparisons, tolerance))
    made = replace(made, comparisons=tuple(found.comparisons), outputs_by=found.outputs_by)
    if not found.differs and not over:
        return made
    with clock.stage("look for the place"):
        places = both.places(pairs, found, tolerance)
    return replace(made, differs=(*found.differs, *over), places=tuple(places))


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


@dataclass(slots=True)
class _Both:
    """Both networks, and what they are run on."""

    theirs: nn.Module
    ours: nn.Module
    inputs: Sequence[torch.Tensor]
    phases: Sequence[Phase]
    seed: int
    lone: Mapping[Phase, str]

    def pair_keys(self) -> tuple[dict[str, str], Literal["key", "graph"], tuple[tuple[str, str], ...]]:
        """Keys of theirs with keys of ours, how they were paired, and which pairs are guesses."""
        keys = list(self.theirs.state_dict())
        if set(keys) == set(self.ours.state_dict()):
            return {key: key for key in keys}, "key", ()
        try:
            found = self._match(training=True)  # where heads run that eval mode leaves out
        except DoesNotRunError:
            if "training" in self.phases:
                raise
            found = self._match(training=False)
        return found.pairs, "graph", tuple(found.guessed)

    def _match(self, *, training: bool) -> Match:
        with _explaining("the reference", self.theirs, self.inputs):
            theirs = trace(self.theirs, self.inputs, training=training)
        with _explaining("the spec's network", self.ours, self.inputs):
            return match(theirs, trace(self.ours, self.inputs, training=training))

    def run(self, dtype: torch.dtype) -> tuple[Run, Run]:
        """Run theirs and ours, whose weights are equal."""
        inputs = self._inputs(dtype)
        with _explaining("the reference", self.theirs, inputs):
            their = run(self.theirs.to(dtype), inputs, self.phases, seed=self.seed)

        def arrange(phase: Phase, found: Mapping[str, torch.Tensor]) -> list[torch.Tensor] | None:
            names, _ = pair_outputs(their.outputs[phase], found)
            return [found[name] for name in names.values()] if names else None

        with _explaining("the spec's network", self.ours, inputs):
            return their, run(self.ours.to(dtype), inputs, self.phases, arrange, self.seed, self.lone)

    def places(self, pairs: Mapping[str, str], found: Compared, tolerance: float) -> list[Place]:
        """Where the first outputs that differ part; where none does, where weights that differ afterwards are used."""
        inputs = self._inputs(torch.float64)
        over = [one for one in found.comparisons if one.difference > tolerance]
        for phase in self.phases:
            outputs = {one.theirs: one.ours for one in over if (one.kind, one.phase) == ("output", phase)}
            if outputs:
                training = phase == "training"
                return first_differences(self.theirs, self.ours, inputs, pairs, outputs, training=training)
        keys = [one.theirs for one in over if one.kind == "statistic"]
        return setting_differences(self.theirs, self.ours, inputs, pairs, keys) if keys else []

    def _inputs(self, dtype: torch.dtype) -> list[torch.Tensor]:
        return [value.to(dtype) if value.is_floating_point() else value for value in self.inputs]


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in weights_of(module).items()}


def _trainable(module: nn.Module) -> nn.Module:
    """Let all weights have gradients: what is frozen in one network and not in the other is no part of it."""
    for parameter in module.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return module


@contextmanager
def _explaining(what: str, module: nn.Module, inputs: Sequence[torch.Tensor]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        phase: Phase = "training" if module.training else "eval"
        shapes = ", ".join(str(list(value.shape)) for value in inputs)
        raise DoesNotRunError(f"{what} does not run in {phase} mode on {shapes}: {text_of(error)}", phase) from error


def _lone_outputs(graph: Graph, wanted: Sequence[str] | None, phases: Sequence[Phase]) -> dict[Phase, str]:
    """The name of the output of each phase that has but one, which the module returns without a name."""
    running = schedule(graph).running
    kept = {name: output.value.node for name, output in graph.outputs.items() if wanted is None or name in wanted}
    names = {phase: [name for name, node in kept.items() if node in running[phase]] for phase in phases}
    return {phase: found[0] for phase, found in names.items() if len(found) == 1}
