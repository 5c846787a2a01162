"""A large square convolution on a medium grid, where 1xn and nx1 see as much for less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.factorization import as_asymmetric
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.splitting import GRID, is_medium, splits
from archspec.rules.together import together
from archspec.source.diagnostic import Severity


class FactoriseAsymmetric(Rule):
    """A square convolution of 5x5 or more on a medium grid costs more than a 1xn and an nx1.

    ## Why it matters

    A 1xn and an nx1 in a row see what nxn sees, and cost 2/n of it at equal widths: 71% less for n = 7. "It gives very
    good results on medium grid-sizes", of 12 to 20 places, and does not work well in early layers (Szegedy et al. 2015,
    Rethinking the Inception Architecture, section 3.2 and figure 6). The numbers told are those of the real widths.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 64, 17, 17]}
    layers:
      - conv: {id: square, kernel: 7, padding: same, channels: 64}
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 64, 17, 17]}
    layers:
      - conv: {kernel: 1x7, padding: same, channels: 64}
      - relu
      - conv: {id: tall, kernel: 7x1, padding: same, channels: 64}
    ```
    """

    name = "factorise-asymmetric"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "kernel": Setting(5, "the side of a kernel, from which on it is told"),
        "channels": Setting(16, "the channels it reads: below, as over an image itself, nothing is said"),
        "saving": Setting(0.1, "the multiply-accumulates that the two save, as a share"),
        **GRID,
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The one that would save most, the others in a note."""
        found = splits(self, case, lambda whole: is_medium(whole, self), as_asymmetric)
        yield from together(self.name, [finding for _, finding in sorted(found, key=lambda one: -one[0])])
