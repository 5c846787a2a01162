"""A network that is not what its own `expect` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archspec.analysis.facts import Facts
from archspec.ir.dims import UNKNOWN, are_equal
from archspec.ir.graph import Contract, Graph
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostic, Severity


class UnmetContract(Rule):
    """The network is not what its `expect` says.

    ## Why it matters

    `expect` states what is known of an architecture from elsewhere: the paper's parameter count, the shape that the
    loss needs. When the network differs, one of the two is wrong. Contracts hold at the default parameters, and are
    not looked at when others are set.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 8]}
    layers: [{linear: {id: logits, features: 4}}]
    expect: {parameters: 32}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 8]}
    layers: [{linear: {id: logits, features: 4}}]
    expect: {parameters: 36}
    ```
    """

    name = "unmet-contract"
    severity = Severity.ERROR

    def check(self, graph: Graph, facts: Facts) -> Iterator[Diagnostic]:
        """Every contract that the facts contradict."""
        for contract in graph.contracts:
            actual = self._fact(contract, graph, facts)
            if actual is not None and not _agree(contract.expected, actual):
                yield Diagnostic(
                    self.name,
                    self._message(contract, actual),
                    contract.span,
                    help="correct the number here, or the layers",
                )

    def _fact(self, contract: Contract, graph: Graph, facts: Facts) -> Any:
        if contract.fact == "outputs":
            kind = graph.type_of(graph.outputs[str(contract.subject)].value)
            return kind.shape if kind is not None else None
        total = facts.cost.total
        return total.parameters if contract.fact == "parameters" else total.macs

    def _message(self, contract: Contract, actual: Any) -> str:
        if contract.fact == "outputs":
            return f"output `{contract.subject}` is {_text(actual)}, but {_text(contract.expected)} is expected"
        difference = f" ({actual - contract.expected:+,})" if isinstance(actual, int) else ""
        fact = {"macs": "MACs"}.get(contract.fact, contract.fact)
        return f"the network has {_text(actual)} {fact}, but {_text(contract.expected)} are expected{difference}"


def _agree(expected: Any, actual: Any) -> bool:
    if isinstance(expected, tuple):
        return len(expected) == len(actual) and all(map(_agree, expected, actual))
    return actual is UNKNOWN or are_equal(expected, actual) is True


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:,}" if isinstance(value, int) else str(value)
