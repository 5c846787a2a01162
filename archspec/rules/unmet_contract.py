"""A network that is not what its own `expect` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archspec.analysis.facts import Facts
from archspec.ir.dims import UNKNOWN, are_equal
from archspec.ir.graph import PHASES, Contract, Graph, Phase
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostic, Label, Severity

if TYPE_CHECKING:
    from archspec.analysis.input_sizes import Sizes


class UnmetContract(Rule):
    """The network is not what its `expect` says.

    ## Why it matters

    `expect` states what is known of an architecture from elsewhere: the paper's parameter count, the shape that the
    loss needs, the smallest image. When the network differs, one of the two is wrong. Contracts hold at the default
    parameters, and are not looked at when others are set.

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
            if contract.fact == "min_input":
                yield from self._smallest_inputs(contract, graph, facts)
                continue
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

    def _smallest_inputs(self, contract: Contract, graph: Graph, facts: Facts) -> Iterator[Diagnostic]:
        """What is wrong with a smallest size, once where both phases agree."""
        if not graph.size_symbols:
            message = f"every input has one size, but a smallest size of {contract.expected} is expected"
            help_text = "make a symbol of what may have other sizes, such as `H=299`, or remove `min_input`"
            yield Diagnostic(self.name, message, contract.span, help=help_text)
        wrong: dict[tuple[str, ...], dict[Phase, Sizes]] = {}
        for phase in (contract.phase,) if contract.phase else PHASES:
            for sizes in facts.input_sizes[phase]:
                if contract.subject in (None, *sizes.symbols) and sizes.minimum != contract.expected:
                    wrong.setdefault(sizes.symbols, {})[phase] = sizes
        for by_phase in wrong.values():
            (sizes, *others), modes = by_phase.values(), [f" in {phase} mode" for phase in by_phase]
            if others == [sizes]:
                others, modes = [], [""]
            for found, mode in zip([sizes, *others], modes, strict=True):
                stops = found.below.node if found.below is not None else None
                yield Diagnostic(
                    self.name,
                    _smallest(contract, found, mode),
                    contract.span,
                    labels=(Label(graph[stops].origin.span, f"`{stops}` sets it"),) if stops is not None else (),
                    help="correct the number here, or the layers",
                )

    def _message(self, contract: Contract, actual: Any) -> str:
        if contract.fact == "outputs":
            return f"output `{contract.subject}` is {_text(actual)}, but {_text(contract.expected)} is expected"
        difference = f" ({actual - contract.expected:+,})" if isinstance(actual, int) else ""
        fact = {"macs": "MACs"}.get(contract.fact, contract.fact)
        return f"the network has {_text(actual)} {fact}, but {_text(contract.expected)} are expected{difference}"


def _smallest(contract: Contract, sizes: Sizes, mode: str) -> str:
    name, below = contract.subject or sizes.name, sizes.below
    if sizes.fitting is None:
        return f"the smallest size of {name}{mode} is unknown ({sizes.unknown}), but {contract.expected} is expected"
    if sizes.minimum is None:
        return f"no size of {name} fits{mode}, but {contract.expected} is expected to"
    message = f"the smallest size of {name} is {sizes.minimum}{mode}, but {contract.expected} is expected"
    if below is None:
        return message
    return f"{message}: at {below.size}, {f'in `{below.node}`, ' if below.node else ''}{below.message}"


def _agree(expected: Any, actual: Any) -> bool:
    if isinstance(expected, tuple):
        return len(expected) == len(actual) and all(map(_agree, expected, actual))
    return actual is UNKNOWN or are_equal(expected, actual) is True


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:,}" if isinstance(value, int) else str(value)
