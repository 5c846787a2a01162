"""A place that lets through far less than what comes before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.capacity_curve import GridChange
from archspec.analysis.cuts import Cut, Passage
from archspec.ir.graph import Graph, Node, Scope, Value
from archspec.rules.reductions import KEPT, WIDENING, is_of_image, kept, next_convolution, pool_alone
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Label, Severity


class RepresentationalBottleneck(Rule):
    """All that the network knows has to pass a tensor far smaller than those before and after it.

    ## Why it matters

    What a narrow place drops, no later layer brings back. "Avoid representational bottlenecks, especially early in the
    network" is the first principle of Szegedy et al. (2015), Rethinking the Inception Architecture, section 2. The
    size of a tensor is its number of elements per sample; tensors that branches carry side by side count together, and
    what a residual carries past a narrow place does not have to pass it. Three things are told:

    - a block or sequence whose narrowest cut is below `block_warning` (`block_error`) of the smaller of its ends;
    - a step to a coarser grid that keeps less than `grid_warning` (`grid_error`) of the elements. A pool of stride 2
      keeps a quarter, reductions with branches keep a third and more; what is lost at the border does not count;
    - a pool that is the only way on and keeps no more than `pool` of the elements, right before a convolution that
      widens the channels `widening` times (figure 9, left). Early in the network this is a warning, else a note.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 48, 48]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 32}
      - relu
      - max_pool: {id: pool, kernel: 3}
      - conv: {kernel: 3, padding: same, channels: 64}
      - relu
      - global_avg_pool
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 48, 48]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 32}
      - relu
      - concat:
          branches:
            - - conv: {id: strided, kernel: 3, stride: 2, padding: 1, channels: 32}
              - relu
            - max_pool: {kernel: 3, stride: 2, padding: 1}
      - conv: {kernel: 3, padding: same, channels: 64}
      - relu
      - global_avg_pool
    ```
    """

    name = "representational-bottleneck"
    severity = Severity.WARNING
    worst = Severity.ERROR
    settings: ClassVar[Mapping[str, Setting]] = {
        "block_warning": Setting(0.5, "the narrowest cut of a block, as a share of the smaller of its ends"),
        "block_error": Setting(0.25, "the same, below which it is an error"),
        "grid_warning": Setting(KEPT, "the elements that a step to a coarser grid keeps, as a share"),
        "grid_error": Setting(0.1, "the same, below which it is an error"),
        "pool": Setting(0.3, "the elements that a pool before a widening keeps, as a share"),
        "widening": Setting(WIDENING, "the channels behind that pool, as a multiple of those before"),
        "channels": Setting(16, "the channels that this pool hands on: below, nothing is said"),
        "early": Setting(0.25, "the multiply-accumulates done before that pool, as a share: below it is a warning"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The worst place of each of the three kinds."""
        if case.facts.capacity is None:
            return
        most = max(self.setting("grid_warning"), self.setting("pool"))
        drops = any(stretch.end.size <= most * stretch.start.size for stretch in case.facts.capacity.stretches)
        of_grids = {"grids": self._grid_changes(case), "pools": self._widened_pools(case)} if drops else {}
        for kind, findings in {"blocks": self._blocks(case), **of_grids}.items():
            yield from together(kind, sorted(findings, key=lambda found: list(Severity).index(_severity(found))))

    def _blocks(self, case: Case) -> list[Finding]:
        found: dict[tuple[Value, ...], Finding] = {}
        for scope in case.graph.root.scopes():
            passage = case.facts.trunk.get(scope.path)
            if passage is not None and passage.inner is not None and passage.ratio < self.setting("block_warning"):
                found[passage.inner.values] = self._block(case.graph, scope, passage, passage.inner)
        return list(found.values())  # of scopes within each other, the innermost

    def _block(self, graph: Graph, scope: Scope, passage: Passage, inner: Cut) -> Finding:
        tensors = "tensor" if len(inner.values) == 1 else f"{len(inner.values)} tensors"
        return Finding(
            scope,
            f"`{scope.path}` passes everything through {inner.size:,} elements ({tensors} made by {_names(inner)}), "
            f"{passage.ratio:.0%} of the smaller of its ends: {passage.inputs:,} before it, {passage.outputs:,} after",
            help=f"give the narrow place more channels, or carry the input past it; {self._allowed}",
            labels=tuple(_label(graph, value, str(graph.type_of(value))) for value in inner.values),
            severity=self._by_share(passage.ratio, "block_error"),
        )

    def _grid_changes(self, case: Case) -> list[Finding]:
        limit = self.setting("grid_warning")
        explained = set(case.facts.linear_over_space.values())  # channels that were to be flattened
        return [
            self._grid_change(case, change)
            for change in case.facts.grid_changes
            if kept(case.facts, change) < limit and not is_of_image(case.graph, change) and change.path not in explained
        ]

    def _grid_change(self, case: Case, change: GridChange) -> Finding:
        graph = case.graph
        return Finding(
            graph[change.after.values[0].node],
            f"{_sizes(graph, change)}, {change.ratio:.0%} of the elements, "
            f"where at least {self.setting('grid_warning'):.0%} are expected",
            help=f"give it more channels, or concatenate a strided convolution and a pool; {self._allowed}",
            labels=(_label(graph, change.before.values[0], f"{change.before.size:,} elements"),),
            severity=self._by_share(kept(case.facts, change), "grid_error"),
        )

    def _widened_pools(self, case: Case) -> list[Finding]:
        graph, found = case.graph, []
        for change in case.facts.grid_changes:
            pool = pool_alone(graph, change)
            if pool is None or change.ratio > self.setting("pool"):
                continue
            if kept(case.facts, change) < self.setting("grid_warning"):
                continue  # told as a step that keeps too little
            wider = next_convolution(graph, pool)
            if wider is None or wider.inputs < self.setting("channels") or wider.grid == (1, 1):
                continue  # what looks at all of its input is a classifier's layer
            if wider.widening >= self.setting("widening"):
                what = f"right before `{wider.node}` makes {wider.outputs:,} channels of {wider.inputs:,}"
                found.append(self._widened_pool(case, change, pool, what))
        return found

    def _widened_pool(self, case: Case, change: GridChange, pool: Node, what: str) -> Finding:
        spent = case.facts.spent_before.get(pool.path, 0.0)
        return Finding(
            pool,
            f"{_sizes(case.graph, change)}, {change.ratio:.0%} of the elements, {what}, "
            f"when {spent:.0%} of the MACs are spent",
            help="let a strided convolution run beside the pool, and concatenate them",
            severity=Severity.WARNING if spent < self.setting("early") else Severity.NOTE,
        )

    @property
    def _allowed(self) -> str:
        return f'where it is meant, `allow: {{{self.name}: "why"}}`'

    def _by_share(self, share: float, error: str) -> Severity:
        return Severity.ERROR if share < self.setting(error) else Severity.WARNING


def _severity(finding: Finding) -> Severity:
    return finding.severity or RepresentationalBottleneck.severity


def _sizes(graph: Graph, change: GridChange) -> str:
    return f"`{change.path}` makes {change.after.size:,} of {change.before.size:,}"


def _names(cut: Cut) -> str:
    return ", ".join(f"`{value.node}`" for value in cut.values)


def _label(graph: Graph, value: Value, text: str) -> Label:
    return Label(graph[value.node].origin.span, text)
