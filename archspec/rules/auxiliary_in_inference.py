"""An auxiliary classifier that also runs in inference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.linear_runs import is_layer
from archspec.analysis.side_outputs import SideOutput, Ways
from archspec.ir.graph import Graph
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Label, Severity


class AuxiliaryInInference(Rule):
    """A classifier from the middle of the network runs in inference too.

    ## Why it matters

    Auxiliary classifiers help training, and "at inference time, these auxiliary networks are discarded" (Szegedy et al.
    2014, Going Deeper with Convolutions, section 5). One without `when: training` costs time and memory in every run,
    and whoever calls the network gets a second answer that is worse than the first. Looked at are outputs that leave
    the way to the deepest output in the middle, have layers of their own, and are like it in shape and loss.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu: {id: low}
      - conv: {kernel: 3, channels: 8}
      - relu
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool: {keep: false}
      - linear: {id: logits, features: 4}
    heads:
      aux: {sequence: {from: low, layers: [{global_avg_pool: {keep: false}}, {linear: 4}]}}
    outputs: {logits: logits, aux: aux}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu: {id: low}
      - conv: {kernel: 3, channels: 8}
      - relu
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool: {keep: false}
      - linear: {id: logits, features: 4}
    heads:
      aux: {sequence: {from: low, when: training, layers: [{global_avg_pool: {keep: false}}, {linear: 4}]}}
    outputs: {logits: logits, aux: aux}
    ```
    """

    name = "auxiliary-in-inference"
    severity = Severity.WARNING
    settings: ClassVar[Mapping[str, Setting]] = {
        "deeper": Setting(2, "by how many layers the main output is the deeper one: below it, nothing is said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """Every side output of eval mode that is like the main one, and much less deep."""
        graph, running = case.graph, case.facts.running["eval"]
        found = case.facts.ways
        for side in found.sides if found is not None else ():
            if found is not None and side.output.value.node in running and self._is_auxiliary(side, found, graph):
                yield self._finding(side, found, graph)

    def _is_auxiliary(self, side: SideOutput, found: Ways, graph: Graph) -> bool:
        kinds = [graph.type_of(output.value) for output in (side.output, found.main)]
        losses = graph.training.loss if graph.training is not None else {}
        held = [type(losses.get(output.name)) for output in (side.output, found.main)]
        return (
            kinds[0] == kinds[1]
            and held[0] is held[1]
            and side.leaves.op is not None
            and any(map(is_layer, side.nodes))
            and found.layers - side.layers >= max(1, self.setting("deeper"))
        )

    def _finding(self, side: SideOutput, found: Ways, graph: Graph) -> Finding:
        return Finding(
            side.member(graph),
            f"the output `{side.output.name}` is like `{found.main.name}`, and comes {found.layers - side.layers} "
            "layers earlier; it is computed in inference too",
            labels=(Label(side.leaves.origin.span, "leaves the main path here"),),
            help="write `when: training` on it",
        )
