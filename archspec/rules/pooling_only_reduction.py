"""A pool as the only step to a coarser grid, between modules with branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.capacity_curve import GridChange
from archspec.ir.graph import Node
from archspec.rules.reductions import WIDENING, next_convolution, pool_alone
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Severity


class PoolingOnlyReduction(Rule):
    """Between modules with branches, a pool alone makes the grid smaller.

    ## Why it matters

    A pool of stride 2 keeps a quarter of the elements, and nothing makes up for the rest. From BN-Inception on, all
    Inception networks put strided convolutions beside it (Szegedy et al. 2015, Rethinking the Inception Architecture,
    section 5 and figure 10), which keeps a third and more. Pools before the first branches, as in stems, are not told.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 16}
            - conv: {id: large, kernel: 3, padding: same, channels: 16}
      - relu
      - max_pool: {id: pool, kernel: 2}
      - global_avg_pool
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 16}
            - conv: {id: large, kernel: 3, padding: same, channels: 16}
      - relu
      - concat:
          branches:
            - - conv: {id: strided, kernel: 3, stride: 2, padding: 1, channels: 32}
              - relu
            - max_pool: {id: pool, kernel: 2}
      - global_avg_pool
    ```
    """

    name = "pooling-only-reduction"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "kept": Setting(0.3, "the elements that the pool keeps, as a share: above it, nothing is said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The first of them, the others in a note."""
        graph, facts = case.graph, case.facts
        changes = {change.after.values: change for change in facts.grid_changes}
        found, branched = [], False
        for stretch in facts.capacity.stretches if changes and facts.capacity is not None else ():
            change = changes.get(stretch.end.values)
            pool = pool_alone(graph, change) if branched and change is not None else None
            if pool is not None and change is not None and self._is_told(case, pool, change):
                text = f"`{pool.path}` alone makes the grid smaller, and keeps {change.ratio:.0%} of the elements: "
                sizes = f"{change.before.size:,} before it, {change.after.size:,} after"
                help_text = "let a strided convolution run beside the pool, and concatenate them"
                found.append(Finding(pool, text + sizes, help=help_text))
            branched = branched or len(stretch.nodes) > 1
        yield from together(self.name, found)

    def _is_told(self, case: Case, pool: Node, change: GridChange) -> bool:
        wider = next_convolution(case.graph, pool)
        if wider is not None and wider.widening >= WIDENING:
            return False  # `representational-bottleneck` tells of it
        return change.ratio <= self.setting("kept")
