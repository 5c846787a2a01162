"""An `allow` that silences nothing."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity


class UnusedAllowance(Rule):
    """An `allow` silences nothing.

    ## Why it matters

    An `allow` is a remark to the next reader: this is odd, and meant. Where nothing is odd any more, it misleads, and
    it would silence the same mistake when somebody makes it later. Looked at are those of the spec's own file, at its
    default parameters: a block that others include, and a spec with other parameters, may not need all of them.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    layers:
      - linear: {features: 4, allow: {dead-node: kept for the keys of old checkpoints}}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    layers:
      - linear: {features: 4}
    ```
    """

    name = "unused-allowance"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every allowance of a rule that was asked, and would have said nothing of anything that it is on."""
        graph = case.graph
        if not graph.is_as_published:
            return
        used = {allowance.span for allowance in case.silencing}
        allowed = dict.fromkeys(
            (rule, allowance.span)
            for member in (*graph.root.scopes(), *graph)
            for rule, allowance in member.allow.items()
        )
        for rule, span in allowed:
            if rule in case.judged and span is not None and span.source is graph.source and span not in used:
                yield Finding(span, f"`{rule}` has nothing to say here that could be allowed", help="remove it")
