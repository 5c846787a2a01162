"""Match: which weight of one network is which of another, told by what is computed with it and where.

Both networks are traced. Every call starts with a colour: its operation and the shapes of the weights it reads. Then,
round by round, a call's colour becomes its own with those of the calls it reads, in order, and of those that read it
(Weisfeiler and Leman 1968): after n rounds equal colours mean equal surroundings up to n calls away. Of one network
under two names the colours come out the same. Where one has something that the other has not, calls further away from
it keep colours in common, down to some round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from archspec.tools.verify_trace import Call, Made, Trace, Weight

SYMMETRIC: Final = frozenset({"add", "mul", "maximum", "minimum"})
"""Operations whose inputs have no order."""

Colors = list[int]


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
    execution, each with all that belongs to it.
    """
    sides = (_Side(theirs), _Side(ours))
    matcher = _Matcher(*sides)
    matcher.match()
    made = Match()
    for their, our in sorted(matcher.paired.items()):
        for their_key, our_key in zip(sides[0].weights[their], sides[1].weights[our], strict=True):
            if made.pairs.setdefault(their_key, our_key) == our_key and their in matcher.guesses:
                made.guessed.append((their_key, our_key))
    _keep_one_to_one(made.pairs)
    _add_siblings(made.pairs, theirs.shapes, ours.shapes)
    return made


class _Side:
    """A trace as a graph of calls."""

    def __init__(self, trace: Trace) -> None:
        self.calls = trace.calls
        self.weights = [
            tuple(source.key for _, source in call.reads if isinstance(source, Weight)) for call in self.calls
        ]
        self.layers = [index for index, keys in enumerate(self.weights) if keys]
        self.before = [tuple(_edges(call)) for call in self.calls]
        self.after: list[list[tuple[str, int]]] = [[] for _ in self.calls]
        for index, edges in enumerate(self.before):
            for slot, source in edges:
                if isinstance(source, Made):
                    self.after[source.call].append((f"{slot}:{source.port}", index))
        self.labels = [_label(call, trace.shapes) for call in self.calls]
        for position, source in enumerate(trace.outputs.values()):
            if isinstance(source, Made):
                self.labels[source.call] += (f"output {position}",)


def _edges(call: Call) -> Iterator[tuple[str, Any]]:
    for slot, source in call.reads:
        if not isinstance(source, Weight):
            yield "" if call.op in SYMMETRIC else slot, source


def _label(call: Call, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Any, ...]:
    return (call.op, *((slot, shapes[source.key]) for slot, source in call.reads if isinstance(source, Weight)))


class _Matcher:
    """Pairs calls that read weights."""

    def __init__(self, theirs: _Side, ours: _Side) -> None:
        self.sides = (theirs, ours)
        self.paired: dict[int, int] = {}
        self.guesses: set[int] = set()

    def match(self) -> None:
        """Fill `paired`: exactly where the two are one graph, from the widest surroundings down where they are not."""
        marks: tuple[dict[int, int], dict[int, int]] = ({}, {})
        rounds = self._rounds(marks)
        while self._is_one_graph(rounds[-1]):
            several = next((pair for pair in self._groups(rounds[-1]) if len(pair[0]) > 1), None)
            if several is None:
                break
            for mark, members in zip(marks, several, strict=True):
                mark[members[0]] = len(mark) + 1
            rounds = self._rounds(marks)
        for colors in reversed(rounds):
            for their, our in self._groups(colors):
                if len(their) == len(our) == 1:
                    self._pair(their[0], our[0])
        for colors in reversed(rounds):
            for their, our in self._groups(colors):
                if len(their) == len(our):
                    self.guesses.update(their)
                    for one, other in zip(their, our, strict=True):
                        self._pair(one, other)

    def _pair(self, their: int, our: int) -> None:
        self.paired[their] = our

    def _groups(self, colors: tuple[Colors, Colors]) -> list[tuple[list[int], list[int]]]:
        """The layers of each colour that are not paired yet, by order of execution in theirs."""
        taken = set(self.paired.values())
        groups: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for layer in self.sides[0].layers:
            if layer not in self.paired:
                groups[colors[0][layer]][0].append(layer)
        for layer in self.sides[1].layers:
            if layer not in taken:
                groups[colors[1][layer]][1].append(layer)
        return [group for group in groups.values() if all(group)]

    def _is_one_graph(self, colors: tuple[Colors, Colors]) -> bool:
        return sorted(colors[0]) == sorted(colors[1])

    def _rounds(self, marks: Sequence[Mapping[int, int]]) -> list[tuple[Colors, Colors]]:
        """The colours of both after every round, until no round tells more apart."""
        names: dict[Any, int] = {}

        def name(what: Any) -> int:
            return names.setdefault(what, len(names))

        first = [
            [name((label, mark.get(index))) for index, label in enumerate(side.labels)]
            for side, mark in zip(self.sides, marks, strict=True)
        ]
        rounds = [(first[0], first[1])]
        while True:
            next_round = [
                [name(what) for what in _seen(side, colors)]
                for side, colors in zip(self.sides, rounds[-1], strict=True)
            ]
            if _count(next_round) == _count(rounds[-1]):
                return rounds
            rounds.append((next_round[0], next_round[1]))


def _seen(side: _Side, colors: Colors) -> Iterator[Any]:
    """What each call sees around itself."""
    for index, color in enumerate(colors):
        before = [
            (
                slot,
                ("call", source.port, colors[source.call])
                if isinstance(source, Made)
                else ("input", source.position, 0),
            )
            for slot, source in side.before[index]
        ]
        if side.calls[index].op in SYMMETRIC:
            before.sort()
        yield color, tuple(before), tuple(sorted((slot, colors[other]) for slot, other in side.after[index]))


def _count(colors: Iterable[Colors]) -> int:
    return len({color for side in colors for color in side})


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
