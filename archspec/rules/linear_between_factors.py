"""Two convolutions that are one larger kernel, without a nonlinearity between."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.layers_in_a_row import Layer, Pair
from archspec.ir.types import by
from archspec.rules.rule import Case, Finding, Rule
from archspec.rules.uses_of_an_item import by_item
from archspec.source.diagnostic import Label, Severity


class LinearBetweenFactors(Rule):
    """Two convolutions that stand for one larger kernel have no nonlinearity between them.

    ## Why it matters

    A 5x5 as two 3x3, or an nxn as 1xn and nx1, is cheaper, and it is better where the first of them has an activation
    too: in a control experiment, 77.2 % of the validation images were told with two ReLUs, and 76.2 % with a linear
    first layer (Szegedy et al. 2015, Rethinking the Inception Architecture, section 3.1 and figure 2). Batch norm does
    not stand for an activation. Nothing is said where channels are convolved in groups.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 64, 17, 17]}
    layers:
      - conv: {kernel: 1x7, padding: same, channels: 64}
      - conv: {kernel: 7x1, padding: same, channels: 64}
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 64, 17, 17]}
    layers:
      - conv: {kernel: 1x7, padding: same, channels: 64}
      - relu
      - conv: {kernel: 7x1, padding: same, channels: 64}
      - relu
    ```
    """

    name = "linear-between-factors"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every convolution that leads to convolutions alone, where both look at space."""
        pairs = case.facts.layers_in_a_row
        found = [self._finding(pair) for pair in pairs if pair.are_factors and not pair.is_meant]
        yield from by_item(self.name, found, case.graph)

    def _finding(self, pair: Pair) -> Finding:
        first, second = pair.first.node, pair.second.node
        label = Label(second.origin.span, "the second factor")
        return Finding(
            first,
            f"there is no nonlinearity between a {_kernel(pair.first)} and a {_kernel(pair.second)} convolution, "
            f"which together stand for one {by(pair.merged)}",
            labels=(label,) if second.origin.span != first.origin.span else (),
            help="put `relu` after the first one too",
        )


def _kernel(layer: Layer) -> str:
    return by(tuple(window.size for window in layer.windows))
