"""Two layers in a row without a nonlinearity between."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.layers_in_a_row import Pair
from archspec.rules.rule import Case, Finding, Rule
from archspec.rules.uses_of_an_item import by_item
from archspec.source.diagnostic import Label, Severity


class ActivationMissing(Rule):
    """A layer reads what another layer gives, with no nonlinearity between them.

    ## Why it matters

    Two linear maps in a row are one linear map: the second layer costs time and memory, and the network can learn
    nothing with it that it could not learn without. Most often an activation was forgotten. Batch norm, dropout and
    `flatten` are no nonlinearities.

    Nothing is said of what networks have on purpose: depthwise separable convolutions, the embedding of patches, a
    narrow layer between two that mix channels alone (linear bottlenecks), and whatever goes to an addition, another
    op or an output first. Two convolutions that both look at space are a matter of `linear-between-factors`.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 784]}
    layers:
      - linear: 128
      - linear: 10
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 784]}
    layers:
      - linear: 128
      - relu
      - linear: 10
    ```
    """

    name = "activation-missing"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every layer that leads to layers alone."""
        pairs = case.facts.layers_in_a_row
        found = [self._finding(pair) for pair in pairs if not (pair.is_meant or pair.are_factors)]
        yield from by_item(self.name, found, case.graph)

    def _finding(self, pair: Pair) -> Finding:
        first, second = pair.first.node, pair.second.node
        label = Label(second.origin.span, "reads what it gives")
        return Finding(
            first,
            f"there is no nonlinearity between this `{first.resolved.name}` and the `{second.resolved.name}` after it",
            labels=(label,) if second.origin.span != first.origin.span else (),
            help="put an activation between them, such as `relu`, or make one layer of the two",
        )
