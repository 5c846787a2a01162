"""A branch that takes much and gives little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.branches import Branch, Join, first_convolution
from archspec.ir.graph import Graph
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Severity


class ConcatImbalance(Rule):
    """A branch takes much of a module's multiply-accumulates, and gives few of its channels.

    ## Why it matters

    A module is a budget that is spread over scales. In the published Inception modules, the share of the channels that
    a branch gives is at least a fifth of its share of the cost; a branch far below that is most often a number that was
    mistyped. Told are modules whose branches all read one tensor, and of their branches those that begin with a 1x1:
    what a larger convolution costs without one is the business of `missing-reduction`.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 64, 14, 14]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 128}
            - - conv: {id: reduce, kernel: 1, channels: 64}
              - relu
              - conv: {id: narrow, kernel: 3, padding: same, channels: 8}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 64, 14, 14]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 128}
            - - conv: {id: reduce, kernel: 1, channels: 32}
              - relu
              - conv: {id: wide, kernel: 3, padding: same, channels: 64}
    ```
    """

    name = "concat-imbalance"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "channels": Setting(0.1, "the channels of a branch, as a share of those of its module: below it is few"),
        "macs": Setting(0.3, "its multiply-accumulates, as a share of those of its module: above it is much"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The branch of the smallest share of channels, the others in a note."""
        found: list[tuple[float, Finding]] = []
        for join in case.facts.joins:
            if join.source is None or not all(branch.nodes for branch in join.branches):
                continue
            costs = [_macs(case, branch) for branch in join.branches]
            macs, channels = sum(costs), sum(branch.channels for branch in join.branches)
            for branch, cost in zip(join.branches, costs, strict=True):
                gives = branch.channels / channels
                is_dear = cost > self.setting("macs") * macs and _is_reduced(case.graph, branch)
                if is_dear and gives < self.setting("channels"):
                    found.append((gives, self._finding(case, join, branch, gives, cost / macs)))
        yield from together(self.name, [finding for _, finding in sorted(found, key=lambda one: one[0])])

    def _finding(self, case: Case, join: Join, branch: Branch, gives: float, takes: float) -> Finding:
        last = next(path for path in reversed(branch.nodes) if case.facts.cost.nodes[path].macs)
        return Finding(
            case.graph[last],
            f"the branch that ends in `{last}` takes {takes:.0%} of the MACs of `{join.node}`, and gives "
            f"{branch.channels:,} channels, {gives:.0%} of them",
            help="give it more channels at its end, or fewer on the way",
            caption=f"{branch.channels:,} channels",
        )


def _is_reduced(graph: Graph, branch: Branch) -> bool:
    whole = first_convolution(graph, branch)
    return whole is not None and whole.side == 1


def _macs(case: Case, branch: Branch) -> int:
    macs = [case.facts.cost.nodes[path].macs for path in branch.nodes]
    return sum(each for each in macs if isinstance(each, int))
