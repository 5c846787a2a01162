"""A convolution whose kernel has no middle."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ir.graph import Graph, Node
from archspec.ir.op import Window
from archspec.ir.types import by
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity


class EvenKernel(Rule):
    """A padded convolution of stride 1 has an even kernel.

    ## Why it matters

    An even kernel has no middle: with the same padding on both sides, the output has one place more or less than the
    input, each half a pixel off, so that features and what they are about drift apart from layer to layer, and nothing
    of the same grid can be added to or concatenated with them. Nothing is said of strided kernels, of unpadded ones,
    and of one that covers the whole input.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 4, padding: 1, channels: 8}
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 8}
      - relu
    ```
    """

    name = "even-kernel"
    severity = Severity.NOTE

    def check(self, case: Case) -> Iterator[Finding]:
        """Every convolution that is off the middle along some axis."""
        for node in case.facts.by_op["conv"]:
            sight = node.resolved.sees(*(case.graph.input_types(node) or ()))
            windows = sight if isinstance(sight, tuple) else ()
            if any(_is_off_the_middle(window) for window in windows):
                yield self._finding(node, windows, case.graph)

    def _finding(self, node: Node, windows: tuple[Window, ...], graph: Graph) -> Finding:
        (given,) = graph.input_types(node) or ()
        kernel = by(tuple(window.size for window in windows))
        before, after = by(given.shape[2:]), by(node.types[0].shape[2:])
        return Finding(
            node,
            f"a {kernel} kernel has no middle: with as much padding on both sides, {before} becomes {after}",
            help="take an odd kernel with `padding: same`, or put a `pad` of two unequal sides before it",
        )


def _is_off_the_middle(window: Window) -> bool:
    return window.size % 2 == 0 and window.stride == 1 and window.before > 0
