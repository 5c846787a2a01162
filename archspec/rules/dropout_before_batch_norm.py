"""Dropout that batch norm takes the statistics of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from archspec.analysis.linear_runs import is_layer
from archspec.ir.graph import Graph, Node
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Label, Severity

_PASSES: Final = frozenset({"activation", "arithmetic", "pooling", "resampling", "shape"})


class DropoutBeforeBatchNorm(Rule):
    """A batch norm takes its statistics of what dropout has thinned out.

    ## Why it matters

    While training, dropout adds to the variance of what it passes on; in eval mode it does not, and batch norm still
    divides by the variance that it saw in training: of values with mean c and variance v, kept with chance q, that is
    (c^2 + v) / q - c^2 in place of v. Networks were found to lose accuracy by this shift, and to gain where dropout
    comes after all batch norms (Li et al. 2018, Understanding the Disharmony between Dropout and Batch Normalization by
    Variance Shift, arXiv:1801.05134, sections 3 and 4). Looked at are batch norms that follow directly or behind one
    layer.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    layers:
      - dropout: 0.5
      - linear: {features: 4, bias: false}
      - batch_norm
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    layers:
      - linear: {features: 4, bias: false}
      - batch_norm
      - relu
      - dropout: 0.5
    ```
    """

    name = "dropout-before-batch-norm"
    severity = Severity.WARNING
    settings: ClassVar[Mapping[str, Setting]] = {
        "p": Setting(0.1, "the chance of being dropped: of less, nothing is said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """Every dropout with a batch norm behind it, one layer between them at most."""
        for name in ("dropout", "channel_dropout"):
            for node in case.facts.by_op[name]:
                norm = _norm_behind(case.graph, node)
                chance = getattr(node.resolved, "p", 0.0)
                if norm is not None and chance > 0 and chance >= self.setting("p"):
                    yield self._finding(node, norm, chance)

    def _finding(self, node: Node, norm: Node, chance: float) -> Finding:
        return Finding(
            node,
            f"the batch norm behind this `{node.resolved.name}` of {chance:g} learns a variance that eval mode has not",
            labels=(Label(norm.origin.span, "takes its statistics here"),),
            help="put the dropout after the last batch norm, or do without it",
        )


def _norm_behind(graph: Graph, dropout: Node) -> Node | None:
    """The batch norm that a value comes to, where nothing else reads it on the way."""
    node, layers = dropout, 0
    while len(readers := graph.users(node.path)) == 1:
        node = graph[readers[0]]
        layers += is_layer(node)
        if node.resolved.name == "batch_norm":
            return node if getattr(node.resolved, "track", True) else None
        if layers > 1 or len(node.inputs) != 1 or not (is_layer(node) or node.resolved.category in _PASSES):
            return None
    return None
