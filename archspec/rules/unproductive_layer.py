"""A convolution that looks around where everything has been seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from archspec.analysis.receptive_field import place_word
from archspec.ir.graph import Graph, Node
from archspec.ir.types import by
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.rules.together import together
from archspec.source.diagnostic import Severity


class UnproductiveLayer(Rule):
    """What a convolution reads has seen more than the whole image already, even along its shortest way.

    ## Why it matters

    A convolution larger than 1x1 brings together what neighbouring places know. Where each place has seen the whole
    image, there is nothing more to bring together: such layers hardly add to the accuracy, and can be left out, or the
    image made larger (Richter et al. 2021, (Input) size matters for CNN classifiers; Richter, Schöning, Wiedenroth and
    Krumnack 2021, Should you go deeper?, arXiv:2106.12307). Where branches join, the smallest receptive field among
    them counts.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: [N, 3, 14, 14]}
    layers:
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 16}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 32}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 64}
      - relu
      - conv: {id: late, kernel: 3, padding: same, channels: 64}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: [N, 3, 64, 64]}
    layers:
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 16}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 32}
      - relu
      - conv: {kernel: 3, stride: 2, padding: 1, channels: 64}
      - relu
      - conv: {id: late, kernel: 3, padding: same, channels: 64}
    ```
    """

    name = "unproductive-layer"
    severity = Severity.NOTE
    settings: ClassVar[Mapping[str, Setting]] = {
        "seen": Setting(1, "the pixels that its input has seen along a side, as a multiple of that side of the image"),
    }

    def check(self, case: Case) -> Iterator[Finding]:
        """The first of them, the others in a note."""
        sides = _sides(case.graph)
        if not sides:
            return
        runs = case.facts.running["eval"]
        found = []
        for node in case.graph.operations():
            if node.resolved.category == "convolution" and node.path in runs:
                fields = case.facts.receptive_fields.get(node.inputs[0].node, ())
                seen = [field.smallest.size for field in fields]
                is_past = len(seen) == len(sides) and self._is_past(seen, sides)
                if is_past and _looks_around(case.graph, node):
                    found.append(self._finding(node, seen, sides))
        yield from together(self.name, found)

    def _is_past(self, seen: list[int], sides: tuple[int, ...]) -> bool:
        return all(size > self.setting("seen") * side for size, side in zip(seen, sides, strict=True))

    def _finding(self, node: Node, seen: list[int], sides: tuple[int, ...]) -> Finding:
        whole, larger = ("sequence", "longer") if len(sides) == 1 else ("image", "larger")
        places = f"{place_word(len(sides))}s"
        return Finding(
            node,
            f"what `{node.path}` reads has seen {by(seen)} {places} already, and the {whole} is {by(sides)}",
            help=f"leave it out, stride later, or take a {larger} {whole}",
        )


def _sides(graph: Graph) -> tuple[int, ...]:
    """The sides of the one input with space; empty where there are several, or sides are not known."""
    grids = [given.type.shape[2:] for given in graph.inputs.values() if given.type.rank > 2]
    known = tuple(side for side in grids[0] if isinstance(side, int)) if len(grids) == 1 else ()
    return known if grids and len(known) == len(grids[0]) else ()


def _looks_around(graph: Graph, node: Node) -> bool:
    sight = node.resolved.sees(*(graph.input_types(node) or ()))
    return isinstance(sight, tuple) and any(window.size > 1 for window in sight)
