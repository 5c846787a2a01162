"""Trace: run a module and compare every tensor that comes out of a node with the type that was inferred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn

from archspec.backends.dtypes import type_of
from archspec.backends.program import Program
from archspec.backends.scope_module import ScopeModule, compile_graph
from archspec.ir.dims import Dim
from archspec.ir.graph import Graph, Phase, Scope, Value
from archspec.ir.types import TensorType


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A node that gave something else than what was inferred."""

    path: str
    port: int
    phase: Phase
    inferred: TensorType
    """At the sizes that the module was run at."""
    executed: TensorType

    def __str__(self) -> str:
        port = f" (output {self.port})" if self.port else ""
        return f"`{self.path}`{port}: {self.inferred} was inferred, but {self.executed} came out in {self.phase} mode"


def run_and_compare(
    graph: Graph, module: ScopeModule, inputs: Mapping[str, torch.Tensor], phase: Phase
) -> list[Mismatch]:
    """Run a module once and compare all nodes that ran, those inside of scopes and functions included.

    What runs is the module itself, its submodules and the generated statements of its forwards, with a line after each
    that notes the type of its value. Batch statistics, the state of the random generator and the module's mode are what
    they were before.

    Args:
        graph: the graph that the module was emitted from; symbols are bound by the sizes of `inputs`.
        module: as `emit` made it, with all outputs or some.
        inputs: the tensors by name of the input.
        phase: the mode to run in.

    Returns:
        The mismatches in order of execution, inputs first; empty where all is as inferred.
    """
    given = [name for name in graph.inputs if name in inputs]
    sizes = _bind(graph, inputs)
    pairs = [(Value(name), type_of(inputs[name])) for name in given]
    call = _Call()
    with _recording(module, call), _left_as_it_was(module, phase), torch.no_grad():
        module(*(inputs[name] for name in given))
    pairs += _values(graph.root, call.calls[0])
    return list(_mismatches(graph, pairs, sizes, phase))


@dataclass(slots=True)
class _Call:
    """One call of a scope's module: the type of each row's value, and the calls of scopes inside, in order."""

    program: Program | None = None
    types: dict[int, TensorType] = field(default_factory=dict)
    calls: list[_Call] = field(default_factory=list)


_CURRENT: ContextVar[_Call] = ContextVar("the call that is running")


def note(row: int, value: Any) -> None:
    """Note the type of a row's value; the recording forwards call it after each row."""
    if isinstance(value, torch.Tensor):
        _CURRENT.get().types[row] = type_of(value)


def _run_noting(module: ScopeModule, compiled: dict[Program, Any], *args: Any) -> Any:
    programs = module.__structure__.programs
    program = programs[0] if module.training else programs[-1]
    if program not in compiled:
        _, compiled[program] = compile_graph(program.build_graph(note), f"{type(module).__name__} noting")
    caller = _CURRENT.get()
    call = _Call(program)
    caller.calls.append(call)
    token = _CURRENT.set(call)
    try:
        return compiled[program](module, *args)
    finally:
        _CURRENT.reset(token)


@contextmanager
def _recording(root: nn.Module, call: _Call) -> Iterator[None]:
    compiled: dict[Program, Any] = {}
    scopes = [module for module in root.modules() if isinstance(module, ScopeModule)]
    token = _CURRENT.set(call)
    try:
        for scope in scopes:
            scope.__dict__["forward"] = partial(_run_noting, scope, compiled)
        yield
    finally:
        for scope in scopes:
            scope.__dict__.pop("forward", None)
        _CURRENT.reset(token)


@contextmanager
def _left_as_it_was(root: nn.Module, phase: Phase) -> Iterator[None]:
    modes = {module: module.training for module in root.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in root.buffers()] if phase == "training" else []
    try:
        with torch.random.fork_rng(devices=[]):
            root.train(phase == "training")
            yield
    finally:
        for module, training in modes.items():
            module.training = training
        for buffer, before in buffers:
            buffer.copy_(before)


def _values(scope: Scope, call: _Call) -> Iterator[tuple[Value, TensorType]]:
    """What nodes gave in one call of a scope, in order."""
    assert call.program is not None
    members = {member.name: member for member in scope.members}
    inner = iter(call.calls)
    for index, row in enumerate(call.program.rows):
        if row.enters is not None:
            entered = members[row.enters]
            assert isinstance(entered, Scope)
            yield from _values(entered, next(inner))
        elif row.gives is not None and index in call.types:
            name, port = row.gives
            yield Value(members[name].path, port), call.types[index]


def _mismatches(
    graph: Graph, pairs: list[tuple[Value, TensorType]], sizes: Mapping[str, int], phase: Phase
) -> Iterator[Mismatch]:
    for value, executed in pairs:
        inferred = graph.type_of(value)
        assert inferred is not None, f"{value.node} has no type"
        inferred = inferred.at(sizes)
        if inferred != executed:
            yield Mismatch(value.node, value.port, phase, inferred, executed)


def _bind(graph: Graph, inputs: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """The sizes of the symbols: the first input dim that is a symbol by itself says it."""
    sizes: dict[str, int] = {}
    for name, tensor in inputs.items():
        for dim, side in zip(graph.inputs[name].type.shape, tensor.shape, strict=False):
            if isinstance(dim, Dim) and str(dim) in dim.symbols:
                sizes.setdefault(str(dim), side)
    return sizes
