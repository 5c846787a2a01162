"""What is drawn of a graph: the parts that are opened, as frames, the others, as boxes, and the arrows between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from archspec.ir.graph import Graph, Node, Phase, Value
from archspec.ir.types import TensorType
from archspec.render.figure.parts import Part, is_bar, parts_of

READABLE: Final = 40
"""Boxes that a figure holds at most where nobody says how deep it is to be."""

ALL: Final = 1_000
"""A depth at which everything is open: no spec nests as deep."""


@dataclass(slots=True, eq=False)
class Box:
    """A part that is drawn closed."""

    part: Part
    others: tuple[Part, ...] = ()
    """The same part in the other turns of the repeats that it is in: it stands for them."""
    within: tuple[Part, ...] = ()
    """The branches and unfolded repeats that it is in, and no frame is drawn for."""

    @property
    def id(self) -> str:
        """That of its part."""
        return self.part.id

    def places(self) -> Iterator[tuple[Node, ...]]:
        """Each node of its part, with those in the same place of the others."""
        return zip(*(part.nodes() for part in (self.part, *self.others)), strict=True)

    def alike(self, node: Node) -> tuple[Node, ...]:
        """A node of its part, with those in the same place of the others."""
        return next(nodes for nodes in self.places() if nodes[0] is node)

    def nodes(self) -> Iterator[Node]:
        """All nodes that it stands for."""
        for part in (self.part, *self.others):
            yield from part.nodes()

    def paths(self) -> Iterator[str]:
        """The paths of the nodes and scopes that it stands for."""
        yield from _scope_paths(self.within)
        for part in (self.part, *self.others):
            yield from part.paths()


@dataclass(slots=True, eq=False)
class Frame:
    """A part that is drawn open."""

    part: Part
    members: list[Box | Frame]
    turns: tuple[Part, ...] = ()
    """Of a repeat that is drawn as its first turn: all of them."""
    others: tuple[Part, ...] = ()
    """The same part in the other turns of the repeats that it is in."""
    within: tuple[Part, ...] = ()
    """The branches and unfolded repeats that it is in, and no frame is drawn for."""

    @property
    def id(self) -> str:
        """That of its part."""
        return self.part.id

    def paths(self) -> Iterator[str]:
        """The paths of the scopes that it stands for, those of its turns among them; what is inside has its own."""
        yield from _scope_paths(self.within)
        for part in (self.part, *self.others):
            yield from _scope_paths((part, *(part.members if part.kind == "repeat" else ())))

    def boxes(self) -> Iterator[Box]:
        """The boxes inside, at any depth, in order."""
        for member in self.members:
            if isinstance(member, Box):
                yield member
            else:
                yield from member.boxes()

    def frames(self) -> Iterator[Frame]:
        """Itself and the frames inside, outer before inner."""
        yield self
        for member in self.members:
            if isinstance(member, Frame):
                yield from member.frames()


def _scope_paths(parts: Iterable[Part]) -> Iterator[str]:
    return (part.scope.path for part in parts if part.scope is not None)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where something comes into what is drawn, or leaves it."""

    kind: Literal["input", "output"]
    name: str
    value: Value
    type: TensorType | None
    phase: Phase | None = None

    @property
    def id(self) -> str:
        """Of its own: no path has a colon."""
        return f"{self.kind}:{self.name}"

    def paths(self) -> Iterator[str]:
        """The path of the node that it stands for, which of an output is drawn by itself."""
        if self.kind == "input":
            yield self.value.node


@dataclass(frozen=True, slots=True)
class Arrow:
    """A tensor on its way from one box or terminal to another, by their ids."""

    source: str
    target: str
    value: Value
    type: TensorType | None
    phase: Phase | None
    is_labelled: bool
    """Whether it is the first arrow of a tensor that is not of the shape of all that its box reads, or that is joined
    with others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything that is drawn."""

    graph: Graph
    root: Frame
    terminals: tuple[Terminal, ...]
    arrows: tuple[Arrow, ...]
    depth: int
    unfold: bool

    def things(self) -> Iterator[Box | Frame | Terminal]:
        """All that is drawn, but the arrows."""
        yield from self.terminals
        yield from self.root.boxes()
        yield from (frame for frame in self.root.frames() if frame is not self.root)

    def reach(self) -> int:
        """Over how many rows its arrows go, together: what a layout costs."""
        rows: defaultdict[str, int] = defaultdict(int)
        for arrow in self.arrows:  # in the order of what reads, so that the row of what is read is known
            rows[arrow.target] = max(rows[arrow.target], rows[arrow.source] + 1)
        return sum(rows[arrow.target] - rows[arrow.source] for arrow in self.arrows)


Opens: TypeAlias = Callable[[Part, int], bool]
"""Whether a part at a level is opened: the network is at level 0, what is in it at 1."""


def figure(graph: Graph, depth: int | None = None, unfold: bool = False, block: Part | None = None) -> Figure:
    """What is drawn of a graph.

    Args:
        graph: the graph; nodes may lack types, where an error made them unknowable.
        depth: how many levels are open; None for as many as stay readable.
        unfold: whether every turn of a repeat is drawn, rather than one for all of them.
        block: the one part that is drawn, rather than the whole network; it is open at depth 0 already.
    """
    whole = block or parts_of(graph)
    if depth is None:
        return figure(graph, _readable_depth(whole, unfold), unfold, whole)
    drawing = _Drawing(_opens(whole, depth), unfold or depth >= ALL)
    root = drawing.draw(whole)
    terminals = _terminals(graph, whole)
    arrows = tuple(_arrows(graph, root, terminals))
    return Figure(graph, root, terminals, arrows, depth, drawing.unfold)


def with_less(of: Figure) -> Figure | None:
    """The figure with half as much in it, or as little as there can be; None where there is nothing to close.

    Repeats are folded, or else fewer levels are open.
    """
    levels = range(min(of.depth, _levels(of.root.part)) - 1, 0, -1)
    depths = [of.depth, *levels] if of.unfold and of.depth < ALL else levels
    most, found = sum(1 for _ in of.root.boxes()), None
    for depth in depths:
        less = figure(of.graph, depth, block=of.root.part)
        boxes = sum(1 for _ in less.root.boxes())
        if boxes <= most / 2:
            return less
        if boxes < most:
            found = less
    return found


def _levels(part: Part) -> int:
    """How many levels there are to open, at most."""
    return 1 + max(map(_levels, part.members), default=0)


def _opens(whole: Part, depth: int) -> Opens:
    """Open what is above a level; layers only where everything is open. A block is open at depth 0 already."""
    level = depth if whole.kind == "network" else depth + 1
    return lambda part, its_level: its_level < level and (part.node is None or depth >= ALL)


def _readable_depth(whole: Part, unfold: bool) -> int:
    """The depth that shows most and not too many boxes; at least 1, as the network by itself says little."""
    best, most = 1, 0
    for depth in range(1, _levels(whole)):
        boxes = sum(1 for _ in _Drawing(_opens(whole, depth), unfold).draw(whole).boxes())
        if boxes > READABLE:
            break
        if boxes > most:
            best, most = depth, boxes
    return best


class _Drawing:
    """Opens parts, and keeps which stand for which."""

    def __init__(self, opens: Opens, unfold: bool) -> None:
        self._opens = opens
        self.unfold = unfold
        self._stands_for: dict[str, str] = {}
        """The id of a part in a later turn to that of the same part in the first one, which is drawn."""

    def draw(self, whole: Part) -> Frame:
        """The frame around everything, with what is in it."""
        if whole.kind == "network" and not self._opens(whole, 0):
            root = Frame(whole, [Box(whole)] if whole.members else [])
        elif whole.kind == "repeat" and not self.unfold:
            root = self._first_turn(whole, 0)
        else:
            root = Frame(whole, list(self._inside(whole, 0)))
        self._tell_others(root)
        return root

    def _inside(self, part: Part, level: int) -> Iterator[Box | Frame]:
        for member in part.members:
            yield from self._drawn(member, level + 1)

    def _drawn(self, part: Part, level: int) -> Iterator[Box | Frame]:
        if part.kind == "branch" or (part.kind == "repeat" and self.unfold):
            for drawn in (drawn for member in part.members for drawn in self._drawn(member, level)):
                drawn.within = (part, *drawn.within)
                yield drawn
        elif not part.members or not self._opens(part, level):
            yield Box(part)
        elif part.kind == "repeat":
            yield self._first_turn(part, level)
        else:
            yield Frame(part, list(self._inside(part, level)))

    def _first_turn(self, part: Part, level: int) -> Frame:
        first, *others = part.members
        for other in others:
            pairs = zip(first.parts(), other.parts(), strict=True)
            self._stands_for |= {copy.id: drawn.id for drawn, copy in pairs}
        inside = self._drawn(first, level + 1) if first.kind in ("repeat", "node") else self._inside(first, level)
        return Frame(part, list(inside), part.members)

    def _tell_others(self, root: Frame) -> None:
        if not self._stands_for:
            return
        alike: dict[str, list[Part]] = {}
        for part in root.part.parts():
            alike.setdefault(self._drawn_for(part.id), []).append(part)
        drawn: list[Box | Frame] = [*root.boxes(), *root.frames()]
        for one in drawn:
            one.others = tuple(alike[one.id][1:])
            one.within = tuple(same for part in one.within for same in alike[part.id])

    def _drawn_for(self, id_: str) -> str:
        """The id of the part that is drawn for a part: repeats may lie within repeats."""
        while id_ in self._stands_for:
            id_ = self._stands_for[id_]
        return id_


def _terminals(graph: Graph, whole: Part) -> tuple[Terminal, ...]:
    if whole.kind == "network":
        inputs = [Terminal("input", name, Value(name), given.type) for name, given in graph.inputs.items()]
        outputs = [
            Terminal("output", name, output.value, graph.type_of(output.value), graph[output.value.node].phase)
            for name, output in graph.outputs.items()
        ]
        return (*inputs, *outputs)
    inside = {node.path: node for node in whole.nodes()}
    read = dict.fromkeys(value for node in inside.values() for value in node.inputs if value.node not in inside)
    given = dict.fromkeys(value for value in _given(graph, whole) if value.node in inside)
    named_inputs = {value: name for name, _, value in whole.scope.signature} if whole.scope else {}
    named_outputs = {value: name for name, value in whole.scope.outputs} if whole.scope else {}
    return (*_named(graph, "input", list(read), named_inputs), *_named(graph, "output", list(given), named_outputs))


def _given(graph: Graph, whole: Part) -> Iterator[Value]:
    """What a part declares as its outputs, what is read outside of it, and what of it are outputs of the network."""
    yield from (value for _, value in (whole.scope.outputs if whole.scope else ()))
    yield from (output.value for output in graph.outputs.values())
    inside = dict.fromkeys(node.path for node in whole.nodes())
    outside = dict.fromkeys(reader for path in inside for reader in graph.users(path) if reader not in inside)
    yield from (value for reader in outside for value in graph[reader].inputs)


def _named(
    graph: Graph, kind: Literal["input", "output"], values: list[Value], names: Mapping[Value, str]
) -> Iterator[Terminal]:
    """Terminals with the names that a block declares, or else numbered where there are several."""
    for place, value in enumerate(values, 1):
        name = names.get(value)
        if name in (None, "", "in"):
            name = kind if len(values) == 1 else f"{kind} {place}"
        yield Terminal(kind, name, value, graph.type_of(value))


def _arrows(graph: Graph, root: Frame, terminals: tuple[Terminal, ...]) -> Iterator[Arrow]:
    """Each tensor that goes from one drawn thing to another, once, in the order in which they are read."""
    boxes = {node.path: box.id for box in root.boxes() for node in box.nodes()}
    inputs = {terminal.value: terminal.id for terminal in terminals if terminal.kind == "input"}
    ways: dict[tuple[str, str], tuple[Value, Phase | None]] = {}
    for box in root.boxes():
        for node in box.part.nodes():
            for value in node.inputs:
                source = inputs.get(value) or boxes[value.node]
                if source != box.id:
                    ways.setdefault((source, box.id), (value, graph[value.node].phase or node.phase))
    for terminal in terminals:
        if terminal.kind == "output":
            source = inputs.get(terminal.value) or boxes[terminal.value.node]
            ways[source, terminal.id] = (terminal.value, terminal.phase)
    varied = {
        nodes[0].path for box in root.boxes() for nodes in box.places() if len({node.types for node in nodes}) > 1
    }
    joins = {box.id for box in root.boxes() if is_bar(box.part)}
    yield from _labelled(graph, ways, varied, joins)


def _labelled(
    graph: Graph, ways: Mapping[tuple[str, str], tuple[Value, Phase | None]], varied: set[str], joins: set[str]
) -> Iterator[Arrow]:
    """The arrows, with a label where there is something to say.

    Nodes that are `varied` are not of one shape in all turns; what goes into one of the `joins` is said in any case.
    """
    entering: dict[str, set[TensorType | None]] = {}
    for (_, target), (value, _) in ways.items():
        entering.setdefault(target, set()).add(graph.type_of(value))
    told: set[tuple[str, Value]] = set()
    for (source, target), (value, phase) in ways.items():
        type_ = graph.type_of(value)
        is_told = (source, value) in told or value.node in varied or target.startswith("output:")
        is_new = source in entering and (target in joins or entering[source] != {type_})
        is_labelled = is_new and not is_told
        if is_labelled:
            told.add((source, value))
        yield Arrow(source, target, value, type_, phase, is_labelled)
