"""A parameter that no expression has."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity


class UnusedParameter(Rule):
    """A spec or block has a parameter that nothing in it uses.

    ## Why it matters

    Whoever sets it expects the network to change, and it does not: most often a number was written where `$name` was
    meant. Looked at are the parameters of the spec's own file, and of the blocks in it; a block sees its own alone.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    params: {classes: 10}
    inputs: {x: [N, 8]}
    layers: [{linear: 10}]
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    params: {classes: 10}
    inputs: {x: [N, 8]}
    layers: [{linear: $classes}]
    ```
    """

    name = "unused-parameter"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every parameter that no expression names, in the order of the file."""
        for given in case.graph.definitions:
            if given.kind == "parameter" and not given.is_used:
                owner = f"block `{given.owner}`" if given.owner is not None else "the spec"
                help_text = f"write `${given.name}` where it is meant, or remove it"
                yield Finding(given.span, f"nothing in {owner} uses the parameter `{given.name}`", help=help_text)
