"""Program: what one forward does, as plain data; torch.fx turns it into a graph and the graph into Python.

Rows are kept instead of an `fx.Graph` because rows are cheap to compare, to copy and to pickle: scopes that do the same
have equal rows, and share one compiled function. A graph is made from them when one is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import fx

from archspec.backends.outputs import make_outputs

RowKind: TypeAlias = Literal["placeholder", "get_attr", "call_module", "call_function", "call_method"]

GETITEM = "operator.getitem"
"""The function that takes one tensor out of a tuple."""


class Ref(NamedTuple):
    """The value of an earlier row, by index."""

    row: int


class Row(NamedTuple):
    """One node of an `fx.Graph`."""

    kind: RowKind
    target: str
    """What fx calls so; of a function its qualified name."""
    args: tuple[Any, ...] = ()
    """Constants, `Ref`s, and lists, tuples and dicts of them."""
    settings: Mapping[str, Any] = {}
    name: str = ""
    """Of the variable in the generated code; fx makes it legal and unique."""
    gives: tuple[str, int] | None = None
    """The node (by its name in the scope) and the port whose value this is."""
    enters: str | None = None
    """The name of the member scope that is called here."""


@dataclass(frozen=True, eq=False)
class Program:
    """Rows in order of execution, and what they return."""

    rows: tuple[Row, ...]
    returns: tuple[Ref, ...]
    """One is returned as it is, several as a tuple."""
    fields: tuple[str, ...] = ()
    """The names of the outputs, where the tuple is a named one."""

    def build_graph(self, watch: Callable[[int, Any], Any] | None = None) -> fx.Graph:
        """An `fx.Graph` that does the same.

        Args:
            watch: called after each row with its index and its value, when given.
        """
        graph = fx.Graph()
        nodes: list[fx.Node] = []
        for index, row in enumerate(self.rows):
            target: Any = resolve(row.target) if row.kind == "call_function" else row.target
            args = tuple(_fill(arg, nodes) for arg in row.args)
            settings = {name: _fill(value, nodes) for name, value in row.settings.items()}
            # fx keeps names apart from each other and from its globals, but not from the module itself.
            name = "self_" if row.name == "self" else row.name or None
            nodes.append(graph.create_node(row.kind, target, args, settings, name=name))
            if watch is not None:
                graph.call_function(watch, (index, nodes[-1]))
        returned = [nodes[ref.row] for ref in self.returns]
        if len(returned) == 1:
            graph.output(returned[0])
        else:
            graph.output(make_outputs(self.fields, returned) if self.fields else tuple(returned))
        return graph


@cache
def resolve(target: str) -> Any:
    """What a qualified name stands for: `torch.nn.functional.relu`."""
    module, _, name = target.rpartition(".")
    return getattr(import_module(module), name)


def constant(value: Any) -> Any:
    """A constant of a step as torch takes it: the name of a dtype (`torch.float32`) becomes the dtype."""
    if isinstance(value, str) and value.startswith("torch."):
        found = getattr(torch, value.removeprefix("torch."), None)
        return found if isinstance(found, torch.dtype) else value
    return value


def take(row: int, index: int, name: str, gives: tuple[str, int] | None = None) -> Row:
    """The row that takes one tensor out of the tuple that an earlier row gave."""
    return Row("call_function", GETITEM, (Ref(row), index), name=name, gives=gives)


def _fill(value: Any, nodes: Sequence[fx.Node]) -> Any:
    match value:
        case Ref(row):
            return nodes[row]
        case list() | tuple():
            return type(value)(_fill(item, nodes) for item in value)
        case dict():
            return {key: _fill(item, nodes) for key, item in value.items()}
        case _:
            return constant(value)
