"""A node that no output needs."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph, Node, Scope
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostic, Severity


class DeadNode(Rule):
    """No output needs what this node computes.

    ## Why it matters

    It takes time and memory, holds weights that no gradient reaches (which stops distributed training with
    "parameters that were not used"), and changes nothing. Most often a `from` names the wrong node.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    layers:
      - linear: {id: a, features: 4}
      - linear: {id: b, features: 4, from: x}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    layers:
      - linear: {id: a, features: 4}
      - linear: {id: b, features: 4, from: a}
    ```
    """

    name = "dead-node"
    severity = Severity.ERROR

    def check(self, graph: Graph, facts: Facts) -> Iterator[Diagnostic]:
        """The last nodes (or whole blocks) of every part that leads to no output."""
        live: set[str] = set()
        for output in graph.outputs.values():
            if output.value.node not in live:
                live |= {output.value.node} | nx.ancestors(graph.dag, output.value.node)
        yield from self._dead_parts(graph, graph.root, live)

    def _dead_parts(self, graph: Graph, scope: Scope, live: set[str]) -> Iterator[Diagnostic]:
        for member in scope.members:
            nodes = [member] if isinstance(member, Node) else list(member.nodes())
            if any(node.path in live for node in nodes):
                if isinstance(member, Scope):
                    yield from self._dead_parts(graph, member, live)
            elif self._is_last(graph, nodes) and not any(self.name in node.allow for node in nodes):
                yield self._report(member)

    def _is_last(self, graph: Graph, nodes: list[Node]) -> bool:
        inside = {node.path for node in nodes}
        return bool(nodes) and not any(user not in inside for path in inside for user in graph.users(path))

    def _report(self, member: Node | Scope) -> Diagnostic:
        origin = member.origin
        assert origin is not None, "only the network itself has no origin"
        what = (
            "input"
            if isinstance(member, Node) and member.op is None
            else "node"
            if isinstance(member, Node)
            else "part"
        )
        keep = f'keep it with `allow: {{{self.name}: "why"}}`'
        if what == "input":
            keep = f"keep it with `checks: {{{self.name}: off}}`"
        help_text = f"read it somewhere, name it under `outputs`, remove it, or {keep}"
        return Diagnostic(
            self.name, f"no output needs the {what} `{member.path}`", origin.span, help=help_text, origin=origin
        )
