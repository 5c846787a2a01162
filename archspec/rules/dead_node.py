"""A node that no output needs."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.phases import needed
from archspec.ir.graph import Graph, Node, Scope, outermost
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity
from archspec.source.remedy import Remedy, RemoveItem


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
      - relu
      - linear: {id: b, features: 4}
    ```
    """

    name = "dead-node"
    severity = Severity.ERROR

    def check(self, case: Case) -> Iterator[Finding]:
        """The last nodes (or whole blocks) of every part that leads to no output."""
        graph = case.graph
        live = needed(graph, {output.value.node for output in graph.outputs.values()})
        yield from self._dead_parts(graph, graph.root, live)

    def _dead_parts(self, graph: Graph, scope: Scope, live: set[str]) -> Iterator[Finding]:
        for member in scope.members:
            nodes = [member] if isinstance(member, Node) else list(member.nodes())
            if any(node.path in live for node in nodes):
                if isinstance(member, Scope):
                    yield from self._dead_parts(graph, member, live)
            elif self._is_last(graph, nodes):
                yield self._finding(graph, member, nodes)

    def _is_last(self, graph: Graph, nodes: list[Node]) -> bool:
        inside = {node.path for node in nodes}
        return bool(nodes) and not any(user not in inside for path in inside for user in graph.users(path))

    def _finding(self, graph: Graph, member: Node | Scope, nodes: list[Node]) -> Finding:
        is_input = isinstance(member, Node) and member.op is None
        what = "input" if is_input else "node" if isinstance(member, Node) else "part"
        keep = f'keep it with `allow: {{{self.name}: "why"}}`'
        if is_input:
            keep = f"keep it with `checks: {{{self.name}: off}}`"
        items = _with_what_leads_to_it(graph, nodes)
        title = "remove it" if len(items) == 1 else "remove it, and what leads to it alone"
        return Finding(
            member,
            f"no output needs the {what} `{member.path}`",
            help=f"read it somewhere, name it under `outputs`, remove it, or {keep}",
            remedy=None if is_input else Remedy(title, tuple(map(RemoveItem, items))),
        )


def _with_what_leads_to_it(graph: Graph, nodes: list[Node]) -> list[str]:
    """The paths of the items that make some last nodes, and of those that nothing else reads then."""
    gone = {node.path: node for node in nodes}
    waiting = list(nodes)
    while waiting:
        for value in waiting.pop().inputs:
            before = graph[value.node]
            is_left = (
                before.op is None or value.node in gone or any(user not in gone for user in graph.users(value.node))
            )
            if not is_left:
                gone[value.node] = before
                waiting.append(before)
    return list(dict.fromkeys(outermost(node, gone).path for node in gone.values()))
