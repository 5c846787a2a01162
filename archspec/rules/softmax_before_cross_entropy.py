"""Probabilities where a loss takes logits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec.analysis.content import content
from archspec.ir.graph import Graph, GraphOutput, Node
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity

_ALREADY: Final = {
    "cross_entropy": ("softmax", "log_softmax", "sigmoid"),
    "binary_cross_entropy": ("sigmoid", "softmax"),
}
"""By name of a loss of logits: the activations that do what the loss does itself."""


class SoftmaxBeforeCrossEntropy(Rule):
    """An output is made probabilities, and its loss takes logits.

    ## Why it matters

    `cross_entropy` and `binary_cross_entropy` take logits, and have the softmax or sigmoid in them, computed so that
    nothing overflows. One before them squashes twice: the least that the loss of a softmax can come to is
    log(e + C - 1) - 1 for C classes, 1.46 for 10 and 5.91 for 1000, and gradients are small where they should be large.
    Training goes on without a complaint, only badly.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    layers:
      - linear: {features: 4}
      - softmax: {id: classes}
    outputs: {classes: classes}
    training: {loss: {classes: cross_entropy}}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    layers:
      - linear: {id: classes, features: 4}
    outputs: {classes: classes}
    training: {loss: {classes: cross_entropy}}
    ```
    """

    name = "softmax-before-cross-entropy"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every output with a loss of logits that an activation makes probabilities of."""
        losses = case.graph.training.loss if case.graph.training is not None else {}
        for name, loss in losses.items():
            node = _made_by(case.graph, case.graph.outputs[name])
            if loss is not None and node.op is not None and node.resolved.name in _ALREADY.get(loss.name, ()):
                yield self._finding(name, loss.name, node)

    def _finding(self, name: str, loss: str, node: Node) -> Finding:
        made = node.resolved.name
        return Finding(
            node,
            f"`{made}` makes the output `{name}`, and its loss, `{loss}`, expects logits",
            help=f"give the output before `{made}`; whoever needs probabilities takes the softmax or sigmoid of it",
        )


def _made_by(graph: Graph, output: GraphOutput) -> Node:
    """The op that makes the numbers of an output."""
    node = graph[output.value.node]
    while node.op is not None and node.resolved.keeps_values and len(read := content(node)) == 1:
        node = graph[read[0].node]
    return node
