"""A block that no item uses."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity


class UnusedBlock(Rule):
    """A spec defines a block that nothing uses.

    ## Why it matters

    It is read and checked, and is no part of the network: what it says of the architecture is not so. Often it is what
    an edit left over. Looked at are the blocks of the spec's own file; those of files that it includes are for others
    too.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    blocks:
      hidden: {layers: [{linear: 16}, relu]}
    layers: [{linear: 4}]
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    blocks:
      hidden: {layers: [{linear: 16}, relu]}
    layers: [hidden, {linear: 4}]
    ```
    """

    name = "unused-block"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every block that no item and no value names, in the order of the file."""
        for given in case.graph.definitions:
            if given.kind == "block" and not given.is_used:
                help_text = "use it, remove it, or move it to a file of blocks that others include"
                yield Finding(given.span, f"nothing uses the block `{given.name}`", help=help_text)
