"""A dear convolution that reads all channels of a wide tensor, in a module with branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.branches import Branch, Join, first_convolution
from archspec.analysis.factorization import Convolution, behind_reduction, worthwhile_reduction
from archspec.ir.graph import Graph
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Label, Severity


class MissingReduction(Rule):
    """A branch of a module convolves all channels of a wide input, without a 1x1 before it.

    ## Why it matters

    Neighbouring places are strongly correlated, so that a kxk convolution over fewer channels, which a 1x1 makes of
    all, loses little. It is what makes the modules of GoogLeNet affordable (Szegedy et al. 2014, Going Deeper with
    Convolutions, section 4 and figure 2; Szegedy et al. 2015, Rethinking the Inception Architecture, section 2,
    principle 3). A 1x1 to r channels saves as long as r is below `k^2 Cin Cout / (Cin + k^2 Cout)`.

    Told are convolutions of stride 1 whose module has at least two more branches that convolve or pool the same tensor;
    stems, rows of 3x3 as in VGG, and the lone strided convolution of a grid reduction are left alone.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 192, 28, 28]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 64}
            - conv: {id: wide, kernel: 3, padding: same, channels: 128}
            - max_pool: {kernel: 3, stride: 1, padding: same}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 192, 28, 28]}
    layers:
      - concat:
          branches:
            - conv: {id: small, kernel: 1, channels: 64}
            - - conv: {id: reduce, kernel: 1, channels: 96}
              - relu
              - conv: {id: wide, kernel: 3, padding: same, channels: 128}
            - max_pool: {kernel: 3, stride: 1, padding: same}
    ```
    """

    name = "missing-reduction"
    severity = Severity.WARNING
    settings: ClassVar[Mapping[str, Setting]] = {
        "channels": Setting(128, "channels of the input of a module, from which on it is wide"),
        "reduction": Setting(0.25, "the channels behind the 1x1 that is suggested, as a share of those of the input"),
        "saving": Setting(0.25, "the multiply-accumulates that the 1x1 saves, as a share of the convolution's"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The dearest of them, the others in a note."""
        runs = case.facts.running["eval"]
        found: list[tuple[int, Finding]] = []
        for join in case.facts.joins:
            wide = join.source is not None and _has_channels(case.graph, join, self.setting("channels"))
            if not wide or join.node not in runs or sum(_looks_around(case.graph, one) for one in join.branches) < 3:
                continue
            for branch in join.branches:
                whole = first_convolution(case.graph, branch)
                if whole is not None and whole.side > 1 and whole.stride == 1:
                    found += self._worthwhile(case.graph, join, whole)
        yield from together(self.name, [finding for _, finding in sorted(found, key=lambda one: -one[0])])

    def _worthwhile(self, graph: Graph, join: Join, whole: Convolution) -> list[tuple[int, Finding]]:
        reduced = max(1, round(whole.inputs * self.setting("reduction")))
        factors = behind_reduction(whole, reduced)
        if factors.saving < self.setting("saving"):
            return []
        assert join.source is not None, "it was looked at"
        finding = Finding(
            graph[whole.node],
            f"the {whole.side}x{whole.side} of `{whole.node}` reads all {whole.inputs:,} channels of its module, for "
            f"{whole.macs:,} MACs; behind a 1x1 to {reduced:,} channels both take {factors.macs:,} "
            f"({-factors.saving:.0%}), and any 1x1 to fewer than {worthwhile_reduction(whole):,.0f} saves",
            help=f"put a 1x1 convolution and an activation before it, to {reduced:,} channels or so",
            caption=f"{whole}",
            labels=(Label(graph[join.source.node].origin.span, f"gives {whole.inputs:,} channels"),),
        )
        return [(whole.macs - factors.macs, finding)]


def _has_channels(graph: Graph, join: Join, least: float) -> bool:
    kind = graph.type_of(join.source) if join.source is not None else None
    channels = kind.shape[1] if kind is not None and kind.rank == 4 else 0
    return isinstance(channels, int) and channels >= least


def _looks_around(graph: Graph, branch: Branch) -> bool:
    return any(graph[path].resolved.category in ("convolution", "pooling") for path in branch.nodes)
