"""The modules that a scope becomes: one class for each structure, with a forward that torch.fx wrote.

A plain `fx.GraphModule` makes a class and compiles code for every instance, traces itself again when it is unpickled,
and rebuilds everything when it is copied. A network has thousands of scopes of a few dozen structures, so here

- the class, the generated source and the compiled forward belong to the structure, and instances share them;
- an instance holds what any `nn.Module` holds, so it builds, copies and pickles at the cost of one, and a pickle holds
  the structure, as data, once;
- `graph` is made on first access. Whoever edits it and calls `recompile()`, or assigns another one, gets an ordinary
  `GraphModule` from then on: the instance changes class, and the scopes that shared its code are left alone.

A scope that runs the same nodes in both phases is a `GraphScope`, which is an `fx.GraphModule`. One whose nodes differ
has two programs, hence no single graph, and is a `PhasedScope`, which is not.
"""

from __future__ import annotations

import copy
import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import fx, nn

from archspec.backends.constants import restore, without_values
from archspec.backends.program import Program
from archspec.ir.graph import Graph


@dataclass(frozen=True, eq=False)
class Structure:
    """What scopes that do the same have in common."""

    name: str
    """Of the class: `ConvBn`."""
    programs: tuple[Program, ...]
    """One for both phases; or two, for training and for eval."""

    @cached_property
    def key(self) -> str:
        """Equal for structures that do the same, and for no others: unlike `==`, it tells 1 from 1.0 and from True."""
        return repr((self.name, self.programs))

    @cached_property
    def module_class(self) -> type[ScopeModule]:
        """The class of its modules, one for all equal structures in a process."""
        return _make_class(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __deepcopy__(self, memo: dict[int, Any]) -> Structure:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "programs": self.programs}


class ScopeModule(nn.Module):
    """A module whose forward is generated; see `GraphScope` and `PhasedScope`.

    What it has beyond torch's attributes begins with two underscores, as no id does.
    """

    __structure__: ClassVar[Structure]
    __weight_maps__: Mapping[str, Any] = MappingProxyType({})
    """Of a whole network: the key maps of its spec by name, `archspec.recipe.weights.WeightMap`s."""
    __graph__: Graph | None = None
    """Of a whole network: what it was emitted from. A copy has it too; what was pickled has not."""
    __left_out__: tuple[str, ...] = ()
    """Of a whole network: the keys of what it was compiled without, as no output that was asked for needs it."""

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """As torch does for `.to()` and the like; `to_empty()` of a module on the meta device keeps the constants."""
        lost = without_values(self)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        restore(self, lost)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return make_scope, (self.__structure__,), _state(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        new = make_scope(self.__structure__)
        memo[id(self)] = new
        new.__dict__.update(copy.deepcopy(_state(self), memo))
        if self.__graph__ is not None:
            new.__dict__["__graph__"] = self.__graph__
        return new


class PhasedScope(ScopeModule):
    """A scope that runs other nodes in training than in eval."""

    code: ClassVar[str]
    """The generated source of both forwards, training first."""


class GraphScope(ScopeModule, fx.GraphModule):
    """A scope that runs the same nodes in both phases: an `fx.GraphModule` that shares its code with its equals."""

    __python_code__: ClassVar[Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> GraphScope:
        """An instance of this very class: the code is the structure's."""
        return object.__new__(cls)

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.__dict__["meta"] = {}

    @property
    def graph(self) -> fx.Graph:
        """The graph of this instance, made on first access; call `recompile()` after editing it."""
        if "_graph" not in self.__dict__:
            graph = self.__structure__.programs[0].build_graph()
            graph.owning_module = self
            self.__dict__.update(_graph=graph, **_graph_module_state())
        return self._graph

    @graph.setter
    def graph(self, graph: fx.Graph) -> None:
        self.__dict__.update(_graph_module_state())
        ordinary = type("GraphModuleImpl", (fx.GraphModule,), {})  # fx knows its own classes by this name
        ordinary.__name__ = type(self).__name__
        self.__class__ = ordinary
        self.graph = graph

    def recompile(self) -> Any:
        """Bring the code in line with the graph; an instance with an edited graph becomes an ordinary `GraphModule`."""
        if "_graph" in self.__dict__ and self._graph.python_code("self").src != self.code:
            self.graph = self._graph
            return self.recompile()
        return self.__python_code__


def make_scope(structure: Structure) -> ScopeModule:
    """A module of a structure, without its submodules; what unpickling one calls."""
    return structure.module_class()


def compile_graph(graph: fx.Graph, name: str) -> tuple[Any, Callable[..., Any]]:
    """The code that torch.fx writes for a graph, and the function it defines.

    Args:
        graph: what to run.
        name: a word for tracebacks.
    """
    code = graph.python_code("self")
    file = f"<archspec {name} {sha256(code.src.encode()).hexdigest()[:12]}>"
    linecache.cache[file] = (len(code.src), None, code.src.splitlines(keepends=True), file)
    names = dict(code.globals)
    exec(compile(code.src, file, "exec", dont_inherit=True), names)  # noqa: S102 - the source is torch.fx's own
    return code, names["forward"]


@lru_cache(maxsize=1024)
def _make_class(structure: Structure) -> type[ScopeModule]:
    compiled = [compile_graph(program.build_graph(), structure.name) for program in structure.programs]
    members: dict[str, Any] = {"__structure__": structure, "__module__": __name__}
    if len(compiled) == 1:
        code, forward = compiled[0]
        members |= {"forward": forward, "__python_code__": code, "_code": code.src}
        members |= {"_lineno_map": code._lineno_map, "_prologue_start": code._prologue_start}
        return type(structure.name, (GraphScope,), members)
    (training, run_training), (evaluation, run_eval) = compiled
    members |= {"code": training.src + evaluation.src, "__run_training__": run_training, "__run_eval__": run_eval}
    members["forward"] = _choosing_forward(structure.programs[0])
    return type(structure.name, (PhasedScope,), members)


def _choosing_forward(program: Program) -> Callable[..., Any]:
    """A forward with the names of the inputs as its arguments: torch.export goes by them."""
    names = ", ".join(row.target for row in program.rows if row.kind == "placeholder")
    source = f"""
def forward(self, {names}):
    return self.__run_training__({names}) if self.training else self.__run_eval__({names})
"""
    made: dict[str, Any] = {}
    exec(compile(source, f"<archspec phases {names}>", "exec", dont_inherit=True), made)  # noqa: S102 - names are identifiers
    return made["forward"]  # type: ignore[no-any-return]


def _state(module: ScopeModule) -> dict[str, Any]:
    """What an instance holds, without its graphs."""
    return {name: value for name, value in module.__dict__.items() if name not in _GRAPH_STATE}


def _graph_module_state() -> dict[str, Any]:
    """What the initialiser of `fx.GraphModule` gives an instance beside its graph and `meta`."""
    hooks = ("_replace_hooks", "_create_node_hooks", "_erase_node_hooks", "_deepcopy_hooks")
    return {"_tracer_cls": None, "_tracer_extras": {}, "shape_env": None} | {name: [] for name in hooks}


_GRAPH_STATE = frozenset({"_graph", "__graph__", *_graph_module_state()})
