"""A coarser grid with fewer channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from archspec.analysis.capacity_curve import GridChange
from archspec.analysis.cuts import Stretch
from archspec.ir.graph import Graph
from archspec.ir.types import by
from archspec.rules.reductions import KEPT, kept
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Label, Severity


class WidthDropsAsGridShrinks(Rule):
    """The widest tensor of a coarser grid has fewer channels than that of the grid before it.

    ## Why it matters

    Where places get fewer, each of them has to say more: "higher dimensional representations are easier to process
    locally" (Szegedy et al. 2015, Rethinking the Inception Architecture, section 2, principle 2). The published
    networks multiply their channels by 1.5 to 3.4 wherever they halve the grid. Compared are the widest tensors, among
    those that everything passes, of one grid and of the next coarser one that layers work on; a last 1x1 that narrows
    is left alone. A step that by itself keeps too few elements is the business of `representational-bottleneck`.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 96}
      - relu
      - conv: {kernel: 1, channels: 32}
      - relu
      - conv: {id: down, kernel: 3, stride: 2, padding: 1, channels: 48}
      - relu
      - global_avg_pool
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 96}
      - relu
      - conv: {kernel: 1, channels: 32}
      - relu
      - conv: {id: down, kernel: 3, stride: 2, padding: 1, channels: 128}
      - relu
      - global_avg_pool
    ```
    """

    name = "width-drops-as-grid-shrinks"
    severity = Severity.WARNING
    settings: ClassVar[Mapping[str, Setting]] = {
        "width": Setting(1, "the channels of the coarser grid, as a share of those before: below it, it is told"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The first of them, the others in a note."""
        graph, facts = case.graph, case.facts
        if facts.capacity is None or not facts.grid_changes:
            return
        changes = {change.after.values: change for change in facts.grid_changes}
        grids: list[tuple[GridChange | None, list[Stretch]]] = [(None, [])]
        for stretch in facts.capacity.stretches:
            if stretch.end.values in changes:
                grids.append((changes[stretch.end.values], []))
            grids[-1][1].append(stretch)
        found = []
        for (_, finer), (change, coarser) in pairwise(grids):
            before, after = _widest(graph, finer), _widest(graph, coarser)
            is_drop = 0 < after < self.setting("width") * before and _has_weights(graph, coarser)
            if is_drop and change is not None and kept(facts, change) >= KEPT:
                found.append(self._finding(graph, change, before, after))
        yield from together(self.name, found)

    def _finding(self, graph: Graph, change: GridChange, before: int, after: int) -> Finding:
        node = graph[change.after.values[0].node]
        sides = node.types[0].shape[2:]
        return Finding(
            node,
            f"the grid that `{change.path}` makes has {after:,} channels at its widest, the one before it {before:,}",
            help=f"give it {before:,} channels or more",
            caption=f"{by(sides)} from here on",
            labels=(Label(graph[change.before.values[0].node].origin.span, "the grid before it ends here"),),
        )


def _widest(graph: Graph, stretches: Sequence[Stretch]) -> int:
    """The most channels of the tensors that stretches end in; 0 where they are not known."""
    kinds = [graph.type_of(stretch.end.values[0]) for stretch in stretches]
    channels = [kind.shape[1] for kind in kinds if kind is not None and kind.rank > 2]
    return max((count for count in channels if isinstance(count, int)), default=0)


def _has_weights(graph: Graph, stretches: Sequence[Stretch]) -> bool:
    return any(graph[path].weights for stretch in stretches for path in stretch.nodes)
