"""A large convolution where several small ones see as much for less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.factorization import as_threes
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.splitting import GRID, is_medium, splits
from archspec.rules.together import together
from archspec.source.diagnostic import Severity


class LargeKernel(Rule):
    """A convolution of 5x5 or more costs more than the 3x3 that see as much.

    ## Why it matters

    Two 3x3 see what a 5x5 sees, three what a 7x7 sees; at equal widths they save 28% and 45% of the
    multiply-accumulates and of the weights, and bring an activation more (Szegedy et al. 2015, Rethinking the
    Inception Architecture, section 3.1). The numbers told are those of the real widths. Left alone are kernels that
    cover all of their input, and grids of 12 to 20 places, which are the business of `factorise-asymmetric`.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 64, 28, 28]}
    layers:
      - conv: {id: large, kernel: 5, padding: same, channels: 64}
      - relu
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 64, 28, 28]}
    layers:
      - conv: {kernel: 3, padding: same, channels: 64}
      - relu
      - conv: {id: large, kernel: 3, padding: same, channels: 64}
    ```
    """

    name = "large-kernel"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "kernel": Setting(5, "the side of a kernel, from which on it is large"),
        "channels": Setting(16, "the channels it reads: below, as over an image itself, nothing is said"),
        "saving": Setting(0.1, "the multiply-accumulates that the small ones save, as a share"),
        **GRID,
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The one that would save most, the others in a note."""
        found = splits(self, case, lambda whole: not is_medium(whole, self), as_threes)
        yield from together(self.name, [finding for _, finding in sorted(found, key=lambda one: -one[0])])
