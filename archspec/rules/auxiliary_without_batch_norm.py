"""An auxiliary classifier without the batch norm that its network has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.linear_runs import is_layer
from archspec.analysis.side_outputs import SideOutput
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Severity


class AuxiliaryWithoutBatchNorm(Rule):
    """An auxiliary classifier has no batch norm, in a network that has it.

    ## Why it matters

    With batch norm in its auxiliary classifier, Inception v3 gained 0.4 % in accuracy: the side path works as a
    regulariser (Szegedy et al. 2015, Rethinking the Inception Architecture, section 4 and table 3, "BN-auxiliary").
    Looked at are outputs that exist while training alone, and that have hidden layers of their own.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8, bias: false}
      - batch_norm
      - relu: {id: low}
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool: {keep: false}
      - linear: {id: logits, features: 4}
    heads:
      aux:
        sequence:
          from: low
          when: training
          layers:
            - global_avg_pool: {keep: false}
            - linear: 8
            - relu
            - linear: 4
    outputs: {logits: logits, aux: aux}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 32, 32]}
    layers:
      - conv: {kernel: 3, channels: 8, bias: false}
      - batch_norm
      - relu: {id: low}
      - conv: {kernel: 3, channels: 8}
      - relu
      - global_avg_pool: {keep: false}
      - linear: {id: logits, features: 4}
    heads:
      aux:
        sequence:
          from: low
          when: training
          layers:
            - global_avg_pool: {keep: false}
            - linear: {features: 8, bias: false}
            - batch_norm
            - relu
            - linear: 4
    outputs: {logits: logits, aux: aux}
    ```
    """

    name = "auxiliary-without-batch-norm"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "hidden": Setting(1, "hidden layers of the auxiliary classifier: of one with fewer, nothing is said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """Every side output of training alone with hidden layers that nothing normalises."""
        graph, running = case.graph, case.facts.running["eval"]
        found = case.facts.ways if case.facts.by_op["batch_norm"] else None
        if found is None or not any(node.path in found.nodes for node in case.facts.by_op["batch_norm"]):
            return
        for side in found.sides:
            if side.output.value.node not in running and self._needs_norm(side):
                yield Finding(
                    side.member(graph),
                    f"nothing is normalised in what `{side.output.name}` is computed by, whereas the network has "
                    "batch norm",
                    help="put `batch_norm` after its hidden layers, each with `bias: false`",
                )

    def _needs_norm(self, side: SideOutput) -> bool:
        hidden = sum(map(is_layer, side.nodes)) - 1
        categories = {node.resolved.category for node in side.nodes if node.op is not None}
        return hidden >= max(1, self.setting("hidden")) and "normalization" not in categories
