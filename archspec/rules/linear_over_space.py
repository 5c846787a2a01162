"""A linear layer that mixes the places of an image instead of its channels."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ir.graph import Node
from archspec.rules.rule import Case, Finding, Rule
from archspec.rules.together import together
from archspec.source.diagnostic import Label, Severity


class LinearOverSpace(Rule):
    """A linear layer multiplies the width of an image, or the time of a sequence, whose channels are axis 1.

    ## Why it matters

    `linear` multiplies the last axis, and convolutions and pools keep the channels at axis 1. Between them a `flatten`
    or a `permute` was forgotten: behind a `global_avg_pool` each channel makes its own logits of the one number that it
    has, and never meets the others. Nothing is said where an op between them moves the axes, as networks do that mean
    to mix places.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool
      - linear: 10
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool
      - flatten
      - linear: 10
    ```
    """

    name = "linear-over-space"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """The first of them, the others in a note."""
        found = case.facts.linear_over_space.items()
        yield from together(self.name, (self._finding(case, case.graph[path], maker) for path, maker in found))

    def _finding(self, case: Case, node: Node, maker: str) -> Finding:
        (given,) = case.graph.input_types(node) or ()
        return Finding(
            node,
            f"`{node.path}` multiplies the last axis of {given}, whose {given.shape[1]} channels are axis 1",
            help="put a `flatten` before it, or a `permute` that brings the channels last",
            labels=(Label(case.graph[maker].origin.span, "its channels are axis 1"),),
        )
