"""An activation after an activation."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.nonnegative import nonnegative
from archspec.ir.graph import Graph, Node
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Label, Severity
from archspec.source.remedy import Remedy, RemoveItem


class DoubleActivation(Rule):
    """An activation reads what an activation gave.

    ## Why it matters

    After `relu` nothing is below 0, so that another `relu` changes nothing, behind a max pool or a `concat` of such
    branches neither. Two different activations in a row bend twice what was meant to be bent once, and gradients
    vanish in both. Often a block ends with an activation that its use adds again. Nothing is said of what only
    multiplies, such as `tanh` after `softplus` in a `mish` that is written out.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - max_pool: 2
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - max_pool: 2
    ```
    """

    name = "double-activation"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every activation that changes nothing, or that directly follows another one."""
        graph = case.graph
        positive = nonnegative(graph)
        for node in graph.operations():
            if not _is_pointwise(node):
                continue
            before = graph[node.inputs[0].node]
            if node.resolved.bends_below_0 and before.path in positive:
                yield self._without_effect(node, graph[positive[before.path]])
            elif _is_pointwise(before) and not _only_multiplies(graph, node):
                yield self._twice(node, before)

    def _without_effect(self, node: Node, maker: Node) -> Finding:
        return Finding(
            node,
            f"this `{node.resolved.name}` changes nothing: what it reads is never below 0",
            labels=_label(maker, node, f"after `{maker.resolved.name}` nothing is"),
            help="remove it",
            remedy=Remedy("remove it", (RemoveItem(node.path),)) if "if" not in maker.varying else None,
        )

    def _twice(self, node: Node, before: Node) -> Finding:
        return Finding(
            node,
            f"`{node.resolved.name}` reads what `{before.resolved.name}` gave, with no layer between them",
            labels=_label(before, node, "the first activation"),
            help="remove one of the two",
        )


def _label(before: Node, node: Node, text: str) -> tuple[Label, ...]:
    return (Label(before.origin.span, text),) if before.origin.span != node.origin.span else ()


def _is_pointwise(node: Node) -> bool:
    return node.op is not None and node.resolved.category == "activation" and node.resolved.sight == "here"


def _only_multiplies(graph: Graph, node: Node) -> bool:
    readers = graph.users(node.path)
    return bool(readers) and all(graph[path].resolved.name == "multiply" for path in readers)
