"""A network that is not what its own `expect` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from archspec.analysis.facts import Facts
from archspec.analysis.receptive_field import place_word
from archspec.ir.dims import UNKNOWN, are_equal
from archspec.ir.graph import PHASES, Contract, Graph
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Label, Severity

if TYPE_CHECKING:
    from archspec.analysis.input_sizes import Sizes


_MOST: Final = 4
"""Sizes that one finding names, at most."""


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

    def check(self, case: Case) -> Iterator[Finding]:
        """Every contract that the facts contradict."""
        graph, facts = case.graph, case.facts
        for contract in graph.contracts:
            find = self._smallest_input if contract.fact == "min_input" else self._finding
            if (finding := find(contract, graph, facts)) is not None:
                yield finding

    def _finding(self, contract: Contract, graph: Graph, facts: Facts) -> Finding | None:
        """What is wrong with anything but a smallest size."""
        actual = self._fact(contract, graph, facts)
        if actual is None and contract.fact != "outputs":
            message = f"`{contract.fact}` cannot be told of this network, but {_text(contract.expected)} is expected"
            return Finding(contract.span, message, help=_what_is_missing(graph))
        if actual is None or _agree(contract.expected, actual):
            return None
        return Finding(
            contract.span, self._message(contract, actual, facts), help="correct the number here, or the layers"
        )

    def _fact(self, contract: Contract, graph: Graph, facts: Facts) -> Any:
        if contract.fact == "outputs":
            kind = graph.type_of(graph.outputs[str(contract.subject)].value)
            return kind.shape if kind is not None else None
        return _MEASURES[contract.fact](facts)

    def _smallest_input(self, contract: Contract, graph: Graph, facts: Facts) -> Finding | None:
        """What is wrong with a smallest size."""
        of_batch = contract.subject in graph.batch_symbols
        if not graph.size_symbols and not of_batch:
            message = f"every input has one size, but a smallest size of {contract.expected} is expected"
            help_text = "make a symbol of what may have other sizes, such as `H=299`, or remove `min_input`"
            return Finding(contract.span, message, help=help_text)
        wrong: list[tuple[Sizes, str]] = []
        for phase in (contract.phase,) if contract.phase else PHASES:
            every = (facts.batch_sizes[phase],) if of_batch else facts.input_sizes[phase]
            found = [sizes for sizes in every if contract.subject in (None, *sizes.symbols)]
            wrong += [(sizes, f" in {phase} mode") for sizes in found if sizes.minimum != contract.expected]
        if not wrong:
            return None
        half = len(wrong) // 2  # what both phases say alike is said once
        if [sizes for sizes, _ in wrong[:half]] == [sizes for sizes, _ in wrong[half:]]:
            wrong = [(sizes, "") for sizes, _ in wrong[:half]]
        said = [_smallest(contract.subject or sizes.name, sizes, mode) for sizes, mode in wrong[:_MOST]]
        stops = {one.below.node: one.below for one, _ in wrong[:_MOST] if one.below and one.below.node}
        return Finding(
            contract.span,
            f"the smallest size of {', that of '.join(said)}, but {contract.expected} is expected"
            + (f": {'; '.join(map(str, stops.values()))}" if stops else ""),
            labels=tuple(Label(graph[node].origin.span, f"`{node}` sets it") for node in stops),
            help="correct the number here, or the layers",
        )

    def _message(self, contract: Contract, actual: Any, facts: Facts) -> str:
        if contract.fact == "outputs":
            return f"output `{contract.subject}` is {_text(actual)}, but {_text(contract.expected)} is expected"
        difference = f" ({actual - contract.expected:+,})" if isinstance(actual, int) else ""
        what, unit, are = _WORDS[contract.fact]
        if contract.fact == "receptive_field":
            unit = f" {place_word(len(facts.receptive_field))}s"
        return f"{what} {_text(actual)}{unit}, but {_text(contract.expected)} {are} expected{difference}"


def _what_is_missing(graph: Graph) -> str:
    """What to do about a number that cannot be told."""
    sides = (side for given in graph.inputs.values() for side in given.type.shape[1:])
    if all(isinstance(side, int) for side in sides):
        return "remove it: there are no tensors with space, [N, C, ...], that it could be told of"
    return "give the inputs nominal sizes, such as `H=224`, or remove it"


def _receptive_field(facts: Facts) -> int | None:
    """What the network sees along its longer axis."""
    return max((field.largest.size for field in facts.receptive_field), default=None)


def _peak_memory(facts: Facts) -> int | None:
    """The most that is alive at once while the compiled module runs, at a batch of 1."""
    return facts.memory.inference.peak if facts.memory is not None else None


_MEASURES: Final[Mapping[str, Callable[[Facts], Any]]] = {
    "parameters": lambda facts: facts.cost.total.parameters,
    "macs": lambda facts: facts.cost.total.macs,
    "receptive_field": _receptive_field,
    "peak_memory": _peak_memory,
}
_WORDS: Final = {
    "parameters": ("the network has", " parameters", "are"),
    "macs": ("the network has", " MACs", "are"),
    "receptive_field": ("the network sees", "", "are"),
    "peak_memory": ("the activations of a sample take", " bytes in inference", "are"),
}
"""By what is counted: how a sentence about it begins, its unit but for places, and the verb of what is expected."""


def _smallest(name: str, sizes: Sizes, mode: str) -> str:
    reason = f" ({sizes.unknown})" if sizes.fitting is None else ""
    return f"{name} is {sizes.minimum or ('unknown' if reason else 'none')}{mode}{reason}"


def _agree(expected: Any, actual: Any) -> bool:
    if isinstance(expected, tuple):
        return len(expected) == len(actual) and all(map(_agree, expected, actual))
    return actual is UNKNOWN or are_equal(expected, actual) is True


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:,}" if isinstance(value, int) else str(value)
