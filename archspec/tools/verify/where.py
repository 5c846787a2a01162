"""Where: the first operations at which two networks that should be one part ways.

Both are traced with prints of every value. A value of theirs that equals one of ours anywhere has a partner; going
back from an output that differs, the culprits are the calls that read partners only and give something without one.
So nothing needs to be named alike, and what is written differently but comes out equal is no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from archspec.tools.verify.trace import Call, Given, Made, Print, Source, Trace, Weight, trace

MOST = 3
"""How many places are told: what comes after them is often their consequence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where equal values become different ones."""

    theirs: str
    """Path of their module that ran the operation; empty for the network itself."""
    ours: str | None
    """Path of our module that runs what stands in its place; None where nothing does."""
    what: str
    """What differs there."""
    after: str = ""
    """Path of the last other module of theirs whose result goes in, where the path alone does not say enough."""

    def __str__(self) -> str:
        at = f"`{self.theirs}`" if self.theirs else "the network itself"
        at += f", after `{self.after}`" if self.after else ""
        beside = f" (`{self.ours}` in ours)" if self.ours and self.ours != self.theirs else ""
        return f"{at}{beside}: {self.what}"


def first_differences(
    theirs: nn.Module,
    ours: nn.Module,
    inputs: Sequence[torch.Tensor],
    pairs: Mapping[str, str],
    outputs: Mapping[str, str],
    *,
    training: bool,
) -> list[Place]:
    """The places where values first differ, in the order in which theirs runs.

    Args:
        theirs: the reference, in float64.
        ours: the spec's module, in float64, with equal weights.
        inputs: in float64, given by position.
        pairs: keys of theirs with keys of ours.
        outputs: the outputs that differ, theirs with ours.
        training: the mode to look in.
    """
    search = _Search(
        trace(theirs, inputs, training=training, prints=True),
        trace(ours, inputs, training=training, prints=True),
        pairs,
    )
    return search.places(outputs)


def setting_differences(
    theirs: nn.Module, ours: nn.Module, inputs: Sequence[torch.Tensor], pairs: Mapping[str, str], keys: Sequence[str]
) -> list[Place]:
    """Where operations that use certain weights in training mode are set differently: a momentum does not show at once.

    Args:
        theirs: the reference.
        ours: the spec's module.
        inputs: of their dtype, given by position.
        pairs: keys of theirs with keys of ours.
        keys: of theirs, the weights to look at.
    """
    users = [_users(trace(module, inputs, training=True)) for module in (theirs, ours)]
    found: dict[Place, None] = {}
    for key in keys:
        for their, our in zip(users[0].get(key, ()), users[1].get(pairs[key], ()), strict=False):
            if their.op == our.op and (what := _settings_apart(their, our)):
                found[Place(their.path, our.path, f"`{their.op}` has {what}")] = None
    return list(found)[:MOST]


def _users(made: Trace) -> dict[str, list[Call]]:
    users: dict[str, list[Call]] = defaultdict(list)
    for call in made.calls:
        for _, source in call.reads:
            if isinstance(source, Weight):
                users[source.key].append(call)
    return users


class _Search:
    """Looks for the culprits in two traces."""

    def __init__(self, theirs: Trace, ours: Trace, pairs: Mapping[str, str]) -> None:
        self.theirs = theirs
        self.ours = ours
        self.pairs = pairs
        self.partners = _Prints(ours)
        self.their_prints = _Prints(theirs)

    def places(self, outputs: Mapping[str, str]) -> list[Place]:
        culprits = self._culprits([source for name in outputs if (source := self.theirs.outputs.get(name))])
        places = [self._place(index) for index in sorted(culprits)]
        return list(dict.fromkeys(places))[:MOST]

    def _culprits(self, sources: list[Source]) -> set[int]:
        found: set[int] = set()
        seen: set[int] = set()
        queue = [source.call for source in sources if isinstance(source, Made)]
        while queue:
            index = queue.pop()
            if index in seen:
                continue
            seen.add(index)
            before = [source for _, source in self.theirs.calls[index].reads if isinstance(source, Made)]
            alone = [source.call for source in before if self._is_alone(source)]
            queue += alone
            if not alone and self._is_alone(Made(index)):
                found.add(index)
        return found

    def _is_alone(self, source: Made) -> bool:
        return not self.partners.like(self.theirs.print_of(source))

    def _place(self, index: int) -> Place:
        their = self.theirs.calls[index]
        candidates = list(self._candidates(their))
        after = self._module_before(their)
        if not candidates:
            what = f"theirs runs `{their.op}` ({_shown(their)}), ours has nothing in its place"
            return Place(their.path, None, what, after)
        our = max(candidates, key=lambda call: self._likeness(their, call))
        return Place(their.path, our.path, self._difference(their, our), after)

    def _module_before(self, call: Call) -> str:
        """The module whose result goes into an operation that its own module does not say the place of."""
        inside = {other.path for other in self.theirs.calls if other.path.startswith(call.path)}
        if len(inside) == 1:  # a module of layers alone, or of one
            return ""
        before: Call | None = call
        while before is not None and before.path == call.path:
            made = [source for _, source in before.reads if isinstance(source, Made)]
            before = self.theirs.calls[made[0].call] if made else None
        return before.path if before is not None else ""

    def _candidates(self, their: Call) -> Iterator[Call]:
        """The calls of ours that read a partner of what this one reads, and whose result theirs has not."""
        read = {found for _, source in their.reads for found in self.partners.like(self.theirs.print_of(source))}
        for call in self.ours.calls:
            if read.intersection(source for _, source in call.reads) and not self.their_prints.like(call.prints[0]):
                yield call

    def _likeness(self, their: Call, our: Call) -> tuple[bool, int, bool, bool]:
        return (
            our.op == their.op,
            len({self.pairs.get(key) for key in _keys(their)} & set(_keys(our))),
            our.shape == their.shape,
            our.path == their.path,
        )

    def _difference(self, their: Call, our: Call) -> str:
        if their.op != our.op:
            return f"theirs runs `{their.op}` ({_shown(their)}), ours goes on with `{our.op}` ({_shown(our)})"
        expected = [self.pairs.get(key, key) for key in _keys(their)]
        if expected != _keys(our):
            return f"`{their.op}` uses `{_listed(_keys(their))}` in theirs, and `{_listed(_keys(our))}` in ours"
        if apart := _settings_apart(their, our):
            return f"`{their.op}` has {apart}"
        return self._order(their, our)

    def _order(self, their: Call, our: Call) -> str:
        theirs = [self.partners.like(self.theirs.print_of(source)) for _, source in their.reads]
        ours = [source for _, source in our.reads]
        order = [next((place + 1 for place, source in enumerate(ours) if source in found), 0) for found in theirs]
        if all(order) and len(ours) == len(theirs) and order != sorted(order):
            return f"`{their.op}` takes what it joins in another order: ours has theirs at {_listed(order)}"
        if len(ours) != len(theirs):
            return f"`{their.op}` reads {len(theirs)} tensors in theirs, and {len(ours)} in ours"
        other = [str(place + 1) for place, number in enumerate(order) if not number]
        return f"`{their.op}` reads something else in ours" + (f" as number {', '.join(other)}" if other else "")


class _Prints:
    """The values of a trace, to be found by print."""

    def __init__(self, made: Trace) -> None:
        self.by_size: dict[int, list[tuple[Print, Source]]] = defaultdict(list)
        for index, call in enumerate(made.calls):
            for port, value in enumerate(call.prints):
                self.by_size[value.size].append((value, Made(index, port)))
        self.inputs = made.inputs

    def like(self, value: Print | None) -> set[Source]:
        """Where an equal value is."""
        if value is None:
            return set()
        found: set[Source] = {source for other, source in self.by_size[value.size] if value.equals(other)}
        return found | {Given(index) for index, other in enumerate(self.inputs) if value.equals(other)}


def _keys(call: Call) -> list[str]:
    return [source.key for _, source in call.reads if isinstance(source, Weight)]


def _settings_apart(their: Call, our: Call) -> str:
    names = [name for name, value in their.settings.items() if our.settings.get(name) != value]
    return ", ".join(f"{name}={their.settings[name]} in theirs and {our.settings.get(name)} in ours" for name in names)


def _shown(call: Call) -> str:
    weights = [f"`{key}`" for key in _keys(call)]
    settings = [f"{name}={value}" for name, value in call.settings.items() if name not in call.usual]
    return ", ".join([*weights[:1], *settings, f"to {list(call.shape)}"])


def _listed(what: Sequence[object]) -> str:
    return ", ".join(map(str, what))
