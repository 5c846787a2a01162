"""An op that gives back what it reads."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.identities import identities
from archspec.ir.graph import Node
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity
from archspec.source.remedy import Remedy, RemoveItem


class IdentityOp(Rule):
    """An op gives back what it reads, as its attributes are.

    ## Why it matters

    A pool with a kernel of 1, a `dropout` of 0 or a `concat` of one branch does nothing. It is what is left of
    something else, or another number was meant. Nothing is said where a parameter, an `each` or an `if` makes it so, as
    it may be another in the next use, nor of `identity`, which is there for its name.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - max_pool: 1
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 8, 8]}
    layers:
      - conv: {kernel: 3, channels: 8}
      - relu
      - max_pool: 2
    ```
    """

    name = "identity-op"
    severity = Severity.WARNING

    def check(self, case: Case) -> Iterator[Finding]:
        """Every op whose own attributes make it an identity at all sizes."""
        for path, because in identities(case.graph).items():
            node = case.graph[path]
            if node.share is None and not node.varying.intersection(because):
                yield self._finding(node, because)

    def _finding(self, node: Node, because: tuple[str, ...]) -> Finding:
        values = [(name, getattr(node.resolved, name, None)) for name in because]
        said = [f"`{name}: {_text(value)}`" for name, value in values if value is not None]
        reason = f" with {' and '.join(said)}" if said else " of one branch" if because == ("branches",) else ""
        return Finding(
            node,
            f"`{node.resolved.name}`{reason} gives back what it reads",
            help="remove it, or correct its attributes",
            remedy=Remedy("remove it", (RemoveItem(node.path),)),
        )


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
