"""A wide residual that is added as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.residuals import Residual
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Label, Severity
from archspec.source.remedy import AppendToBranch, Remedy, SetAttribute


class UnscaledResidual(Rule):
    """A convolution is added to a wide trunk without being scaled down.

    ## Why it matters

    Above 1000 filters, residual networks "started to exhibit instabilities and the network just died early in the
    training", which neither a lower learning rate nor more batch norm prevented; factors from 0.1 to 0.3 before the
    addition did (Szegedy et al. 2016, Inception-v4, Inception-ResNet and the Impact of Residual Connections, section
    3.3). Nothing is said where batch norm comes last on the branch, or first, as in ResNets: it gives the branch a size
    of its own.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 1088, 17, 17]}
    layers:
      - relu
      - add:
          branches:
            - []
            - [{conv: {id: up, kernel: 1, channels: 1088}}]
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 1088, 17, 17]}
    layers:
      - relu
      - add:
          branches:
            - []
            - [{conv: {id: up, kernel: 1, channels: 1088}}, {scale: 0.1}]
      - relu
    ```
    """

    name = "unscaled-residual"
    severity = Severity.WARNING
    settings: ClassVar[Mapping[str, Setting]] = {
        "channels": Setting(1000, "the channels of the trunk: up to this many, nothing is said"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """Every wide residual with a factor of 1 or more."""
        for residual in case.facts.residuals:
            channels = residual.channels(case.graph)
            wide = channels is not None and channels > self.setting("channels")
            if wide and abs(residual.tail.factor) >= 1 and not residual.is_normalised:
                yield self._finding(residual, channels or 0)

    def _finding(self, residual: Residual, channels: int) -> Finding:
        tail, join = residual.tail, residual.join
        how = f"scaled by {tail.factor:g}" if tail.scale is not None else "not scaled"
        change: SetAttribute | AppendToBranch = (
            SetAttribute(tail.scale.path, "factor", "0.2")
            if tail.scale is not None
            else AppendToBranch(join.path, residual.branch, "scale: 0.2")
        )
        title = "write a factor of 0.2" if tail.scale is not None else "add `scale: 0.2` to the branch"
        return Finding(
            tail.scale or join,
            f"a branch is added to a trunk of {channels:,} channels and {how}; expected a factor below 1",
            labels=() if tail.scale is not None else (Label(tail.layer.origin.span, "the last layer of the branch"),),
            help="end the branch with `scale: 0.2`, or any factor from 0.1 to 0.3",
            remedy=Remedy(title, (change,)),
        )
