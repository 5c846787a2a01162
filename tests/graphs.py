"""Graphs built by hand, for tests of what stands on an inferred graph."""

from __future__ import annotations

from typing import Any, Literal

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, symbol
from archspec.ir.graph import Graph, GraphInput, GraphOutput, Node, Phase, Scope, Value
from archspec.ir.types import TensorType
from archspec.ops import find
from archspec.source.origin import Origin
from archspec.source.span import Source, Span

NOWHERE = Span(Source("by_hand.yaml", ""), 0, 0)


class Sketch:
    """A graph in the making: inputs first, then ops and scopes in order, each wired to the path of what it reads."""

    def __init__(self, **inputs: tuple[Size | str, ...]) -> None:
        self.root = Scope("", "network", None, None)
        self.nodes: dict[str, Node] = {}
        self.inputs = [
            GraphInput(name, TensorType(tuple(symbol(dim) if isinstance(dim, str) else dim for dim in dims)))
            for name, dims in inputs.items()
        ]
        for given in self.inputs:
            node = Node(given.name, None, (), self.root, Origin(NOWHERE, given.name), types=(given.type,))
            self.nodes[given.name] = node
            self.root.members.append(node)

    def scope(
        self,
        path: str,
        kind: Literal["block", "sequence"] = "block",
        *,
        inside: Scope | None = None,
        block: str | None = None,
        title: str | None = None,
        phase: Phase | None = None,
        share: str | None = None,
    ) -> Scope:
        parent = inside or self.root
        scope = Scope(path, kind, parent, Origin(NOWHERE, path), block, title, phase, share=share)
        parent.members.append(scope)
        return scope

    def add(
        self,
        path: str,
        op: str,
        *reads: str,
        inside: Scope | None = None,
        phase: Phase | None = None,
        share: str | None = None,
        ties: dict[str, str] | None = None,
        **attributes: Any,
    ) -> str:
        """Add a node, infer it, and give its path back."""
        kind = find(op)
        assert kind is not None
        model = kind.model_validate(attributes)
        scope = inside or self.root
        types = [self.nodes[read].types[0] for read in reads]
        must = Conditions()
        given = model.infer(must, *types)
        assert not must.failures
        node = Node(
            path,
            model,
            tuple(Value(read) for read in reads),
            scope,
            Origin(NOWHERE, path),
            phase=phase,
            share=share,
            ties=ties or {},
            types=(given,) if isinstance(given, TensorType) else given,
            weights=model.weights(*types),
            conditions=tuple(must.pending),
        )
        self.nodes[path] = node
        scope.members.append(node)
        return path

    def conv_bn(self, path: str, read: str, inside: Scope | None = None, **attributes: Any) -> str:
        """A use of the block of convolution, batch norm and relu."""
        scope = self.scope(path, inside=inside, block="conv_bn")
        conv = self.add(f"{path}.conv", "conv", read, inside=scope, bias=False, **attributes)
        return self.add(f"{path}.1", "relu", self.add(f"{path}.bn", "batch_norm", conv, inside=scope), inside=scope)

    def graph(self, **outputs: str) -> Graph:
        """The graph, with the named outputs."""
        named = [GraphOutput(name, Value(path)) for name, path in outputs.items()]
        return Graph("by_hand", self.root, self.inputs, named)
