"""Values that are never below 0, whatever the input and the weights are."""

from __future__ import annotations

from typing import Final

from archspec.analysis.content import content
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op

_MAKE: Final = frozenset({
    "abs", "exp", "hardsigmoid", "norm", "relu", "relu6", "sigmoid", "softmax", "softmin", "softplus", "square",
    "squared_relu", "variance",
})  # fmt: skip
_KEEP: Final = frozenset({
    "adaptive_avg_pool", "adaptive_max_pool", "add", "average", "avg_pool", "channel_dropout", "cumulative_sum",
    "divide", "drop_block", "dropout", "erf", "floor", "global_avg_pool", "global_max_pool", "lp_pool", "max_pool",
    "max_pool_with_indices", "max_unpool", "mean", "multiply", "round", "sign", "sqrt", "stochastic_depth", "sum",
})  # fmt: skip
"""The ops that give nothing below 0 where they read nothing below 0, beside those that keep values."""


def nonnegative(graph: Graph) -> dict[str, str]:
    """The nodes that give nothing below 0, each with the activation that sees to that: the nearest before it."""
    found: dict[str, str] = {}
    for node in graph.operations():
        if node.resolved.name in _MAKE:
            found[node.path] = node.path
        elif _keeps(node.resolved) and (read := content(node)) and all(value.node in found for value in read):
            found[node.path] = found[read[0].node]
    return found


def _keeps(op: Op) -> bool:
    return op.name in _KEEP or op.keeps_values


def changes_nothing_from_0(node: Node) -> bool:
    """Whether an op gives back whatever is 0 or more: the activations that bend below 0 alone."""
    return node.resolved.name in ("celu", "elu", "leaky_relu", "prelu", "relu", "rrelu")
