"""The figures of the papers' modules, as archspec draws them: what each box says, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.render.figure.boxes import shape_text
from archspec.render.figure.labels import box_label
from archspec.render.figure.parts import Part, parts_of
from archspec.render.figure.style import Style
from archspec.render.figure.view import Figure, figure
from tests.doc_blocks import ROOT

MODULES = {
    "inception_v1_naive": ["inception_naive"],
    "inception_v1": ["inception"],
    "bn_inception": ["inception", "reduction"],
    "inception_v2": ["figure5", "figure6", "figure7", "figure10", "figure10_7x7"],
    "inception_v4": [
        "mixed_3a", "mixed_4a", "mixed_5a", "inception_a", "reduction_a", "inception_b", "reduction_b", "inception_c",
    ],
    "inception_resnet_v1": [
        "inception_resnet_a", "reduction_a", "inception_resnet_b", "inception_resnet_reduction_b",
        "inception_resnet_c",
    ],
    "inception_resnet_v2_paper": ["inception_resnet_a", "inception_resnet_b", "inception_resnet_c"],
}  # fmt: skip


@cache
def network(name: str) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml")


def module(graph: Graph, block: str) -> Part:
    """The first use of a block."""
    return next(part for part in parts_of(graph).parts() if part.scope is not None and part.scope.block == block)


def outline(drawn: Figure) -> Iterator[str]:
    """A figure in lines: a number, what a box says, and the numbers of what it reads, with the shapes that are said."""
    things = [*(terminal.id for terminal in drawn.terminals), *(box.id for box in drawn.root.boxes())]
    for terminal in drawn.terminals:
        if terminal.kind == "input" and terminal.type is not None:
            yield f"{things.index(terminal.id):2}  {terminal.name} {shape_text(drawn.graph, terminal.value, Style())}"
    said = {box.id: box_label(drawn.graph, box).heading for box in drawn.root.boxes()}
    said |= {terminal.id: terminal.name for terminal in drawn.terminals if terminal.kind == "output"}
    for id_, text in said.items():
        read = []
        for arrow in drawn.arrows:
            if arrow.target == id_:
                shape = (
                    f" ({shape_text(drawn.graph, arrow.value, Style())})" if arrow.is_labelled and arrow.type else ""
                )
                read.append(f"{things.index(arrow.source)}{shape}")
        yield f"{things.index(id_):2}  {text}  <- {', '.join(read)}"


@pytest.mark.parametrize(("name", "block"), [(name, block) for name, blocks in MODULES.items() for block in blocks])
def test_modules_are_drawn_as_in_the_papers(name: str, block: str, golden: Callable[[str, str], None]) -> None:
    graph = network(name)
    golden(f"figures/modules/{name}.{block}.txt", "\n".join(outline(figure(graph, 0, block=module(graph, block)))))


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "specs").glob("*.yaml")))
def test_networks_are_drawn_as_a_column_of_their_rows(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"figures/networks/{name}.txt", "\n".join(outline(figure(network(name), 1))))
