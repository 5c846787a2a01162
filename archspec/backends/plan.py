"""Plan: the structure of every scope of a graph, which is all that its generated forward depends on."""

from __future__ import annotations

import keyword
import re
from functools import cached_property
from typing import Any

from archspec.analysis.shares import owners
from archspec.backends.program import Program, Ref, Row, RowKind, take
from archspec.backends.schedule import Mode, schedule
from archspec.backends.scope_module import Structure
from archspec.ir.graph import Graph, Node, Scope, Value, boundaries
from archspec.ir.op import Arg, Rest, Result, Step

OWNER = "__owner_of_"
"""Begins the name under which a scope reaches the module that holds a weight which a node of it shares."""

_TAKEN = frozenset({"self", "getattr", "torch", "device", "inf", "nan", "NoneType", "pytree", "fx_pytree"})
"""What the code of torch.fx means something else by."""


class Plan:
    """What each scope of a graph runs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.schedule = schedule(graph)
        self.boundaries = boundaries(graph)
        self.owners = owners(graph)
        """See `archspec.analysis.shares.owners`."""
        self._structures: dict[tuple[str, bool], Structure] = {}
        self._steps: dict[str, list[Step]] = {}

    @cached_property
    def scopes(self) -> dict[str, Scope]:
        """All scopes by path, the whole network included."""
        return {scope.path: scope for scope in (self.graph.root, *self.graph.root.scopes())}

    def steps(self, node: Node) -> list[Step]:
        """What the op of a node lowers to."""
        if node.path not in self._steps:
            self._steps[node.path] = node.resolved.lower(*(self.graph.input_types(node) or ()))
        return self._steps[node.path]

    def structure(self, scope: Scope, *, borrowing: bool = False) -> Structure:
        """What a scope runs.

        Args:
            scope: a scope of the graph.
            borrowing: whether all weights in it are those of another scope, whose modules it holds.
        """
        found = self._structures.get((scope.path, borrowing))
        if found is None:
            modes = self.schedule.modes[scope.path]
            programs = tuple(_Writer(self, scope, mode, borrowing).write() for mode in modes)
            found = self._structures[scope.path, borrowing] = Structure(_class_name(self.graph, scope), programs)
        return found

    def run_alike(self, left: Scope, right: Scope) -> bool:
        """Whether two scopes run the same, and everything in them does: one module can stand for both."""
        pairs = zip(_inner_scopes(left), _inner_scopes(right), strict=False)
        return self.structure(left).key == self.structure(right).key and all(self.run_alike(*pair) for pair in pairs)

    def returned(self, scope: Scope, mode: Mode) -> list[Value]:
        """The values that a scope gives in a mode, in order; what passes through it counts."""
        boundary, running = self.boundaries[scope.path], self.schedule.running[mode]
        return [value for value in boundary.outputs if value.node in running or value in boundary.inputs]


class _Writer:
    """Writes the program of one scope in one mode."""

    def __init__(self, plan: Plan, scope: Scope, mode: Mode, borrowing: bool) -> None:
        self.plan, self.scope, self.mode, self.borrowing = plan, scope, mode, borrowing
        self.rows: list[Row] = []
        self.values: dict[Value, Ref] = {}
        self.tuples: dict[str, tuple[Ref, str]] = {}
        """What nodes with several ports gave, whole, and their names; a port is taken out when it is first read."""

    def write(self) -> Program:
        for name, value in self._arguments():
            self.values.setdefault(value, self._add(Row("placeholder", name, name=name)))
        for member in self.scope.members:
            if member.path not in self.plan.schedule.running[self.mode]:
                continue
            if isinstance(member, Scope):
                self._call(member)
            elif member.op is not None:
                self._run(member)
        if self.scope.parent is not None:
            returned = self.plan.returned(self.scope, self.mode)
            return Program(*self._closed(returned))
        running, graph = self.plan.schedule.running[self.mode], self.plan.graph
        outputs = [output for output in graph.outputs.values() if output.value.node in running]
        fields = tuple(output.name for output in outputs) if len(outputs) > 1 else ()
        return Program(*self._closed([output.value for output in outputs]), fields)

    def _closed(self, returned: list[Value]) -> tuple[tuple[Row, ...], tuple[Ref, ...]]:
        """All rows, and where the returned values are."""
        refs = tuple(ref for ref in map(self._read, returned) if ref is not None)
        return tuple(self.rows), refs

    def _arguments(self) -> list[tuple[str, Value]]:
        """The names and values of the inputs: as declared, `x`, `x2`, ... where nothing is."""
        if self.scope.parent is None:
            return [(argument_name(name), Value(name)) for name in self.plan.graph.inputs]
        declared = {value: name for name, _, value in reversed(self.scope.signature) if name != "in"}
        names: dict[str, Value] = {}
        for value in self.plan.boundaries[self.scope.path].inputs:
            wanted, number = argument_name(declared.get(value, "x")), 1
            name = wanted
            while name in names:
                number += 1
                name = f"{wanted}{number}"
            names[name] = value
        return list(names.items())

    def _call(self, scope: Scope) -> None:
        inner = self.plan.schedule.mode(scope, self.mode)
        args = tuple(self._read(value) for value in self.plan.boundaries[scope.path].inputs)
        returned = self.plan.returned(scope, inner)
        result = self._add(Row("call_module", scope.name, args, name=scope.name, enters=scope.name))
        if len(returned) == 1:
            self.values.setdefault(returned[0], result)
            return
        for index, value in enumerate(returned):
            if value not in self.values:
                self.values[value] = self._add(take(result.row, index, f"{scope.name}_{index}"))

    def _run(self, node: Node) -> None:
        results: list[Ref] = []
        steps = self.plan.steps(node)
        ports = len(node.types)
        for step in steps:
            gives = (node.name, 0) if ports == 1 and step is steps[-1] else None
            row = self._row(node, step, results, gives)
            results.append(self._add(row))
        if ports == 1:
            self.values[Value(node.path)] = results[-1]
        else:
            self.tuples[node.path] = results[-1], node.name

    def _row(self, node: Node, step: Step, results: list[Ref], gives: tuple[str, int] | None) -> Row:
        args = tuple([self._fill(arg, node, results) for arg in step.args])
        name = node.name
        below = f"{name}.{step.name}" if step.name else name
        match step.kind:
            case "module":
                return Row("call_module", below, args, name=name, gives=gives)
            case "weight":
                return Row("get_attr", below if step.name else self._own_weight(node), name=below, gives=gives)
            case "function" | "method":
                settings = {key: self._fill(value, node, results) for key, value in step.settings.items()}
                kind: RowKind = "call_function" if step.kind == "function" else "call_method"
                return Row(kind, step.target, args, settings, name, gives)

    def _own_weight(self, node: Node) -> str:
        """Where the weight at the very path of a node is found."""
        if not self.borrowing and (node.share is None or _lies_in_shared(self.scope)):
            return node.name
        container, _, name = node.name.rpartition(".")
        holder = f"{container}.{OWNER}{name}" if container else OWNER + name
        return f"{holder}.{self.plan.owners[node.path].rpartition('.')[2]}"

    def _fill(self, value: Any, node: Node, results: list[Ref]) -> Any:
        match value:
            case Arg(index):
                return self._read(node.inputs[index])
            case Rest(index):
                return [self._read(given) for given in node.inputs[index:]]
            case Result(index):
                return results[index]
            case list() | tuple():
                return type(value)(self._fill(item, node, results) for item in value)
            case _:
                return value

    def _read(self, value: Value) -> Ref | None:
        """Where a value is; None for one that does not exist in this phase."""
        found = self.values.get(value)
        if found is None and value.node in self.tuples:
            whole, name = self.tuples[value.node]
            found = self._add(take(whole.row, value.port, f"{name}_{value.port}", (name, value.port)))
            self.values[value] = found
        return found

    def _add(self, row: Row) -> Ref:
        self.rows.append(row)
        return Ref(len(self.rows) - 1)


def argument_name(name: str) -> str:
    """A name that an argument of a generated forward can have: itself, or with `_` after it where that is taken."""
    legal = re.sub(r"\W", "_", name)
    return f"{legal}_" if keyword.iskeyword(legal) or legal in _TAKEN else legal


def _lies_in_shared(scope: Scope | None) -> bool:
    while scope is not None and scope.share is None:
        scope = scope.parent
    return scope is not None


def _inner_scopes(scope: Scope) -> list[Scope]:
    return [member for member in scope.members if isinstance(member, Scope)]


def _class_name(graph: Graph, scope: Scope) -> str:
    words = graph.name if scope.parent is None else scope.block or scope.kind
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W|_", words)) or "Network"
