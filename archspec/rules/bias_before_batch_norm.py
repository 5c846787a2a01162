"""A bias that batch norm takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.linear_runs import is_layer
from archspec.ir.graph import Graph, Node
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Label, Severity
from archspec.source.remedy import Remedy, SetAttribute


class BiasBeforeBatchNorm(Rule):
    """A layer adds a bias that the batch norm after it takes away.

    ## Why it matters

    Batch norm subtracts the mean of every channel, and with it whatever number was added to all of the channel; then it
    adds a learned shift of its own (Ioffe and Szegedy 2015, Batch normalization, section 3.2). The bias is learned,
    saved and decayed to no effect. Published weights may have it all the same.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - batch_norm
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8, bias: false}
      - batch_norm
      - relu
    ```
    """

    name = "bias-before-batch-norm"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every layer whose bias reaches batch norms alone, in all uses of its weights."""
        graph = case.graph
        before = {node.inputs[0].node: node for node in case.facts.by_op["batch_norm"]}
        if not before:
            return
        ends = {output.value.node for output in graph.outputs.values()}
        tied = {key for node in graph for key in node.ties.values()}
        needed = {node.share or node.path for node in graph.operations() if not _is_only_normalised(graph, node, ends)}
        for path, norm in before.items():
            node, owner = graph[path], graph[graph[path].share or path]
            is_own = "bias" not in owner.ties and f"{owner.path}.bias" not in tied
            is_written_here = node.origin.span == owner.origin.span
            if is_own and is_written_here and owner.path not in needed and _has_bias(owner):
                yield self._finding(node, owner, norm)

    def _finding(self, node: Node, owner: Node, norm: Node) -> Finding:
        label = Label(norm.origin.span, "subtracts the mean of each channel")
        return Finding(
            node,
            f"the batch norm after this `{node.resolved.name}` takes away what its bias adds",
            labels=(label,) if norm.origin.span != node.origin.span else (),
            help="write `bias: false`",
            remedy=Remedy("write `bias: false`", (SetAttribute(owner.path, "bias", "false"),)),
        )


def _has_bias(node: Node) -> bool:
    """Whether it is a layer that adds one number to every channel."""
    if not is_layer(node) or "bias" not in node.weights or getattr(node.resolved, "bias", None) is not True:
        return False
    return node.resolved.category == "convolution" or node.types[0].rank == 2


def _is_only_normalised(graph: Graph, node: Node, ends: set[str]) -> bool:
    readers = graph.users(node.path)
    return node.path not in ends and all(_always_normalises(graph[path]) for path in readers)


def _always_normalises(node: Node) -> bool:
    return node.resolved.name == "batch_norm" and "if" not in node.varying
