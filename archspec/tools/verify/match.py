"""Match: which weight of one network is which of another, told by what is computed with it and where.

Both networks are traced. Every call starts with a colour: its operation and the shapes of the weights it reads. Then,
round by round, a call's colour becomes its own with those of the calls it reads, in order, and of those that read it
(Weisfeiler and Leman 1968): after n rounds equal colours mean equal surroundings up to n calls away. Of one network
under two names the colours come out the same. Where one has something that the other has not, calls further away from
it keep colours in common, down to some round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from archspec.tools.verify.trace import Given, Made, Trace, Weight

SYMMETRIC: Final = frozenset({"add", "mul", "maximum", "minimum"})
"""Operations whose inputs have no order."""

Colors: TypeAlias = list[int]
"""A number for each call of a network."""

Round: TypeAlias = tuple[Colors, Colors]
"""Of theirs and of ours."""


@dataclass(slots=True)
class Match:
    """What a match came to."""

    pairs: dict[str, str] = field(default_factory=dict)
    """Keys of theirs with keys of ours."""
    guessed: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of weights that only the order of execution told apart, which is no proof."""


def match(theirs: Trace, ours: Trace) -> Match:
    """Pair the weights of two traced networks.

    Calls that nothing tells apart (two equal branches that are added) are interchangeable, and are paired in order of
    execution, each with all that belongs to it. Where at last one operation of a kind is left in both, these two are
    paired though their weights have other shapes, or one has a bias: that is what differs there.
    """
    by_name = set(theirs.outputs) == set(ours.outputs)
    sides = (_Side(theirs, by_name), _Side(ours, by_name))
    matcher = _Matcher(*sides)
    matcher.match()
    made = Match()
    for their, our in sorted(matcher.paired.items()):
        theirs_read, ours_read = sides[0].weights[their], sides[1].weights[our]
        for slot, key in theirs_read.items():
            if slot in ours_read and made.pairs.setdefault(key, ours_read[slot]) == ours_read[slot]:
                made.guessed += [(key, ours_read[slot])] * (their in matcher.guesses)
    _keep_one_to_one(made.pairs)
    _add_siblings(made.pairs, theirs.shapes, ours.shapes)
    return made


class _Side:
    """A trace as a graph of calls."""

    def __init__(self, trace: Trace, outputs_by_name: bool) -> None:
        self.calls = trace.calls
        self.weights = [
            {slot: source.key for slot, source in call.reads if isinstance(source, Weight)} for call in self.calls
        ]
        self.layers = [index for index, keys in enumerate(self.weights) if keys]
        self.labels: list[Any] = [
            (call.op, *((slot, trace.shapes[key]) for slot, key in keys.items()))
            for call, keys in zip(self.calls, self.weights, strict=True)
        ]
        self.before = [
            [("" if call.op in SYMMETRIC else slot, source) for slot, source in call.reads if slot not in keys]
            for call, keys in zip(self.calls, self.weights, strict=True)
        ]
        self.after: list[list[tuple[str, int]]] = [[] for _ in self.calls]
        for index, edges in enumerate(self.before):
            for slot, source in edges:
                if isinstance(source, Made):
                    self.after[source.call].append((f"{slot}:{source.port}", index))
        self.leads_to: list[tuple[str, ...]] = [() for _ in self.calls]
        """The outputs that each call gives."""
        for position, (name, source) in enumerate(trace.outputs.items()):
            if isinstance(source, Made):
                self.leads_to[source.call] += (name if outputs_by_name else str(position),)

    def seen(self, index: int, colors: Colors, directions: str) -> Any:
        """What a call sees around itself: in what it reads, in what reads it, or in both."""
        before: list[tuple[str, str, int, int]] = []
        for slot, source in self.before[index] if directions != "after" else ():
            if isinstance(source, Made):
                before.append((slot, "call", source.port, colors[source.call]))
            elif isinstance(source, Given):
                before.append((slot, "input", source.position, 0))
        if self.calls[index].op in SYMMETRIC:
            before.sort()
        if directions == "before":
            return colors[index], tuple(before)
        after = sorted((slot, colors[other]) for slot, other in self.after[index])
        return colors[index], tuple(before), tuple(after), self.leads_to[index]


class _Matcher:
    """Pairs calls that read weights."""

    def __init__(self, theirs: _Side, ours: _Side) -> None:
        self.sides = (theirs, ours)
        self.labels = (theirs.labels, ours.labels)
        self.paired: dict[int, int] = {}
        self.guesses: set[int] = set()

    def match(self) -> None:
        """Fill `paired`: exactly where the two are one graph, from the widest surroundings down where they are not."""
        rounds = self._with_equals_told_apart()
        self._pair_singles(rounds)
        self._pair_namesakes()
        self._pair_singles(self._rounds(self.labels, "before"))
        self._pair_singles(self._rounds(self.labels, "after"))
        self._pair_in_order(rounds)
        if len(self.paired) < max(len(side.layers) for side in self.sides):
            kinds = ([call.op for call in self.sides[0].calls], [call.op for call in self.sides[1].calls])
            for directions in ("both", "before", "after"):
                self._pair_singles(self._rounds(kinds, directions))

    def _with_equals_told_apart(self) -> list[Round]:
        """The colours of all rounds; of one graph under two names, no two layers have one colour in the last."""
        marks: tuple[dict[int, int], dict[int, int]] = ({}, {})
        while True:
            labels = tuple(
                [(label, mark.get(index)) for index, label in enumerate(side)]
                for side, mark in zip(self.labels, marks, strict=True)
            )
            rounds = self._rounds(labels, "both")
            is_one_graph = sorted(rounds[-1][0]) == sorted(rounds[-1][1])
            several = [group for group in self._groups(rounds[-1]) if len(group[0]) > 1]
            if not is_one_graph or not several:
                return rounds
            for mark, members in zip(marks, several[0], strict=True):
                mark[members[0]] = len(mark) + 1

    def _pair_singles(self, rounds: Sequence[Round]) -> None:
        for colors in reversed(rounds):
            for their, our in self._groups(colors):
                if len(their) == len(our) == 1:
                    self.paired[their[0]] = our[0]

    def _pair_namesakes(self) -> None:
        """Pair what is left and has the same keys: names say more than half of the surroundings."""
        for their, our in self._groups(self._rounds(self.labels, "both")[0]):
            by_keys = {tuple(self.sides[1].weights[layer].values()): layer for layer in our}
            for layer in their:
                found = by_keys.pop(tuple(self.sides[0].weights[layer].values()), None)
                if found is not None:
                    self.paired[layer] = found

    def _pair_in_order(self, rounds: Sequence[Round]) -> None:
        for colors in reversed(rounds):
            for their, our in self._groups(colors):
                if len(their) == len(our):
                    self.guesses.update(their)
                    self.paired.update(zip(their, our, strict=True))

    def _groups(self, colors: Round) -> list[tuple[list[int], list[int]]]:
        """The layers of each colour that are not paired yet, by order of execution in theirs."""
        taken = (self.paired.keys(), set(self.paired.values()))
        groups: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for number, side in enumerate(self.sides):
            for layer in side.layers:
                if layer not in taken[number]:
                    groups[colors[number][layer]][number].append(layer)
        return [group for group in groups.values() if all(group)]

    def _rounds(self, labels: Sequence[Sequence[Any]], directions: str) -> list[Round]:
        """The colours of both after every round, until no round tells more apart."""
        names: dict[Any, int] = {}

        def colors(seen: Iterable[Any]) -> Colors:
            return [names.setdefault((len(rounds), what), len(names)) for what in seen]

        rounds: list[Round] = []
        rounds.append((colors(labels[0]), colors(labels[1])))
        while True:
            theirs, ours = (
                colors(side.seen(index, before, directions) for index in range(len(before)))
                for side, before in zip(self.sides, rounds[-1], strict=True)
            )
            if len({*theirs, *ours}) == len({*rounds[-1][0], *rounds[-1][1]}):
                return rounds
            rounds.append((theirs, ours))


def _keep_one_to_one(pairs: dict[str, str]) -> None:
    """Drop every pair but the first of a key of ours."""
    seen: set[str] = set()
    for theirs, ours in list(pairs.items()):
        if ours in seen:
            del pairs[theirs]
        seen.add(ours)


def _add_siblings(
    pairs: dict[str, str], theirs: Mapping[str, tuple[int, ...]], ours: Mapping[str, tuple[int, ...]]
) -> None:
    """Pair what no call read (a count of batches, a bias beside a weight) by its name, in modules that are paired."""
    modules = {their.rpartition(".")[0]: our.rpartition(".")[0] for their, our in pairs.items()}
    taken = set(pairs.values())
    for key, shape in theirs.items():
        if key in pairs:
            continue
        module, _, name = key.rpartition(".")
        places = [key, *([f"{modules[module]}.{name}".removeprefix(".")] if module in modules else [])]
        for place in reversed(places):
            if place not in taken and ours.get(place) == shape:
                pairs[key] = place
                taken.add(place)
                break


def summarize(pairs: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of keys as the fewest pairs of paths: `a.weight -> b.weight` and `a.bias -> b.bias` are `a -> b`."""
    found: list[tuple[str, str]] = []

    def go(prefix: str, keys: list[str]) -> None:
        if len(keys) == 1 and prefix == keys[0]:
            found.append((prefix, pairs[prefix]))
            return
        other = _common_target(prefix, keys, pairs)
        if other is not None:
            found.append((prefix, other))
            return
        children: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            rest = key[len(prefix) + 1 :] if prefix else key
            name = rest.partition(".")[0]
            children[f"{prefix}.{name}" if prefix else name].append(key)
        for child, below in children.items():
            go(child, below)

    if pairs:
        go("", list(pairs))
    return found


def _common_target(prefix: str, keys: Sequence[str], pairs: Mapping[str, str]) -> str | None:
    """The path in ours below which the keys go on as they do below `prefix` in theirs."""
    rests = [key[len(prefix) :] if prefix else f".{key}" for key in keys]
    target = pairs[keys[0]]
    if not f".{target}".endswith(rests[0]):
        return None
    other = f".{target}"[: -len(rests[0])].removeprefix(".")
    same = all(pairs[key] == (f"{other}{rest}" if other else rest[1:]) for key, rest in zip(keys, rests, strict=True))
    return other if same else None
