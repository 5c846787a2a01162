"""One grid takes most of the cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.ir.types import by
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Severity


class StageImbalance(Rule):
    """One grid takes most of the multiply-accumulates of a network that has several.

    ## Why it matters

    "Balance the width and depth of the network": the best use of a budget spreads it over the stages (Szegedy et al.
    2015, Rethinking the Inception Architecture, section 2, principle 4). The paper gives no number. Of the published
    Inception networks, the one that spends most on one grid is Inception-ResNet-v2, with 57% at 17x17.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 64, 64]}
    layers:
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 32}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 256}
      - relu
      - conv: {kernel: 3, padding: same, channels: 256}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 256}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 512}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 64, 64]}
    layers:
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 32}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 64}
      - relu
      - conv: {kernel: 3, padding: same, channels: 64}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 256}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 512}
    ```
    """

    name = "stage-imbalance"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "share": Setting(0.6, "the multiply-accumulates on one grid, as a share of those of the network"),
        "stages": Setting(4, "grids with multiply-accumulates that a network must have, for anything to be said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The stage that takes most, where it takes too much."""
        grids = {kind.shape[2:] for node in case.graph.operations() for kind in node.types[:1]}
        stages = case.facts.stages if len(grids) >= self.setting("stages") else ()
        largest = max(stages, key=lambda stage: stage.share, default=None)
        if largest is None or len(stages) < self.setting("stages") or largest.share <= self.setting("share"):
            return
        others = ", ".join(f"{by(stage.grid)} {stage.share:.0%}" for stage in stages if stage is not largest)
        yield Finding(
            case.graph[largest.first],
            f"the {by(largest.grid)} grid takes {largest.share:.0%} of the MACs, more than "
            f"{self.setting('share'):.0%} ({others})",
            help="move layers or channels from it to the other grids",
            caption="begins here",
        )
