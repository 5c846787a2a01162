"""A residual that is scaled by more or less than was found to work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.diagnostic import Severity


class ResidualScaleRange(Rule):
    """A residual is scaled by a factor outside of 0.1 to 0.3.

    ## Why it matters

    "In general we picked some scaling factors between 0.1 and 0.3": those are the ones that training was found to be
    stable with (Szegedy et al. 2016, Inception-v4, Inception-ResNet and the Impact of Residual Connections, section
    3.3). A smaller factor all but takes the branch away; a larger one does little. A factor of 1 or more is no scaling
    down, and a matter of `unscaled-residual`.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 384, 35, 35]}
    layers:
      - relu
      - add:
          branches:
            - []
            - [{conv: {id: up, kernel: 1, channels: 384}}, {scale: 0.01}]
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 384, 35, 35]}
    layers:
      - relu
      - add:
          branches:
            - []
            - [{conv: {id: up, kernel: 1, channels: 384}}, {scale: 0.17}]
      - relu
    ```
    """

    name = "residual-scale-range"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "least": Setting(0.1, "the factor: smaller ones are told"),
        "most": Setting(0.3, "the factor: larger ones are told"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """Every residual of a convolution with a factor out of the range."""
        least, most = self.setting("least"), self.setting("most")
        for residual in case.facts.residuals:
            factor, scale = residual.tail.factor, residual.tail.scale
            if scale is not None and abs(factor) < 1 and not least <= factor <= most:
                message = f"a residual is scaled by {factor:g}; expected a factor from {least:g} to {most:g}"
                yield Finding(scale, message, help="take a factor in this range, and train with it")
