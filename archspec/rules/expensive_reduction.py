"""A convolution that widens the channels right before a pool throws most places away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.factorization import Convolution, beside_pool
from archspec.analysis.stages import grid_of
from archspec.ir.graph import Node
from archspec.rules.reductions import pool_alone, previous_convolution
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Label, Severity


class ExpensiveReduction(Rule):
    """A convolution widens the channels at full size right before a pool makes the grid smaller.

    ## Why it matters

    The pool drops three of four places that the convolution was computed at. Szegedy et al. (2015), Rethinking the
    Inception Architecture, section 5 and figures 9 (right) and 10: a strided convolution beside the pool, both
    concatenated, gives as many channels on the same grid, and to double them takes an eighth of the
    multiply-accumulates. Convolutions of few channels, as over the image itself, are left alone: a pool has nothing
    much to hand on there.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 16}
      - relu
      - conv: {id: wide, kernel: 3, padding: same, channels: 32}
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
      - conv: {kernel: 3, padding: same, channels: 16}
      - relu
      - concat:
          branches:
            - - conv: {id: strided, kernel: 3, stride: 2, padding: 1, channels: 16}
              - relu
            - max_pool: {kernel: 2}
      - global_avg_pool
    ```
    """

    name = "expensive-reduction"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "widening": Setting(2, "the channels that the convolution gives, as a multiple of those it reads"),
        "channels": Setting(16, "the channels that it reads: below, nothing is said"),
        "share": Setting(0.1, "its multiply-accumulates, as a share of those of the whole network"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The dearest of them, the others in a note."""
        widened = sorted(self._widened(case), key=lambda one: -one[0].macs)
        total = case.facts.cost.total.macs if widened else 0
        if isinstance(total, int):
            findings = (
                self._finding(case, whole, pool, whole.macs / total)
                for whole, pool in widened
                if whole.macs >= self.setting("share") * total
            )
            yield from together(self.name, findings)

    def _widened(self, case: Case) -> Iterator[tuple[Convolution, Node]]:
        """Convolutions that widen, each with the pool right behind it."""
        for change in case.facts.grid_changes:
            pool = pool_alone(case.graph, change)
            whole = previous_convolution(case.graph, pool) if pool is not None else None
            if pool is None or whole is None or whole.stride > 1:
                continue
            if whole.widening >= self.setting("widening") and whole.inputs >= self.setting("channels"):
                yield whole, pool

    def _finding(self, case: Case, whole: Convolution, pool: Node, share: float) -> Finding:
        grid = grid_of(case.graph, pool.path) or (1, 1)
        parallel = beside_pool(whole, (grid[0], grid[1]))
        assert parallel is not None, "it gives more channels than it reads"
        more = whole.outputs - whole.inputs
        return Finding(
            case.graph[whole.node],
            f"{whole.macs:,} MACs ({share:.0%} of the network's) make {whole.outputs:,} channels of {whole.inputs:,} "
            f"right before `{pool.path}` drops most of the places; a strided convolution to {more:,} channels beside "
            f"the pool takes {parallel.macs:,} ({-parallel.saving:.0%})",
            help=f"concatenate the pool and a {whole.side}x{whole.side} convolution of its stride to {more:,} channels",
            caption=f"{whole}",
            labels=(Label(pool.origin.span, "makes the grid smaller"),),
        )
