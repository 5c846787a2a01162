"""An `allow` that silences nothing."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity
from archspec.source.span import Span


class UnusedAllowance(Rule):
    """An `allow` silences nothing.

    ## Why it matters

    An `allow` is a remark to the next reader: this is odd, and meant. Where nothing is odd any more, it misleads, and
    it would silence the same mistake when somebody makes it later.

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
        used = {allowance.span for allowance in case.silencing}
        said: set[Span] = set()
        for member in (*case.graph.root.scopes(), *case.graph):
            for rule, allowance in member.allow.items():
                span = allowance.span
                if rule in case.judged and span is not None and span not in used and span not in said:
                    said.add(span)
                    message = f"`{rule}` has nothing to say here that could be allowed"
                    yield Finding(span, message, help="remove it")
