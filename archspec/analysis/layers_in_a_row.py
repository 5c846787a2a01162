"""Layers in a row: two that nothing but linear ops lies between, and what they could be merged to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.analysis.linear_runs import LinearRuns
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Window


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer by its weights: what it reads, gives and looks at."""

    node: Node
    inputs: int
    """Channels or features that come in."""
    outputs: int
    """Channels or features that go out."""
    windows: tuple[Window, ...]
    """What a place sees, along every spatial axis; empty for a matrix."""
    groups: int

    @property
    def is_pointwise(self) -> bool:
        """Whether it mixes channels alone."""
        return all(window.size == 1 for window in self.windows)

    @property
    def is_dense(self) -> bool:
        """Whether it moves one place at a time along every axis."""
        return all(window.stride == 1 for window in self.windows)

    @property
    def is_patchwise(self) -> bool:
        """Whether it takes an image apart into patches that do not overlap, as it is embedded (ViT)."""
        return bool(self.windows) and all(window.size == window.stride > 1 for window in self.windows)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two layers, the second of which reads what the first gives, linear ops aside."""

    first: Layer
    second: Layer
    is_in_place: bool
    """Whether whatever lies between them sees every place by itself."""

    @property
    def are_factors(self) -> bool:
        """Whether both look at space, one place at a time at first, so that they are one larger kernel."""
        one_space = len(self.first.windows) == len(self.second.windows)
        look_around = not (self.first.is_pointwise or self.second.is_pointwise)
        return self.is_in_place and one_space and self.first.is_dense and look_around

    @property
    def merged(self) -> tuple[int, ...]:
        """The kernel of the one convolution that factors are."""
        both = zip(self.first.windows, self.second.windows, strict=True)
        return tuple(first.size + second.size - 1 for first, second in both)

    @property
    def is_meant(self) -> bool:
        """Whether networks have such pairs without a nonlinearity on purpose.

        Depthwise separable convolutions (Chollet 2016), the embedding of patches (Dosovitskiy et al. 2020), and what
        narrows between two layers that mix channels alone: a factorisation of low rank, as the linear bottlenecks of
        MobileNet v2 are (Sandler et al. 2018, section 3.2).
        """
        first, second = self.first, self.second
        narrows = first.outputs == second.inputs and first.outputs < min(first.inputs, second.outputs)
        low_rank = narrows and first.is_pointwise and second.is_pointwise
        return max(first.groups, second.groups) > 1 or first.is_patchwise or low_rank


def layers_in_a_row(graph: Graph, runs: LinearRuns) -> Iterator[Pair]:
    """Every layer that leads to layers alone, with the first of them."""
    for path, tail in runs.tails.items():
        if tail.layer.path == path and path in runs.ahead:
            yield Pair(_layer(graph, tail.layer), _layer(graph, runs.ahead[path]), path in runs.in_place)


def _layer(graph: Graph, node: Node) -> Layer:
    (given,) = graph.input_types(node) or ()
    axis = 1 if node.resolved.category == "convolution" else -1
    inputs, outputs = given.shape[axis], node.types[0].shape[axis]
    assert isinstance(inputs, int), "weights have a fixed size"
    assert isinstance(outputs, int), "weights have a fixed size"
    sight = node.resolved.sees(given)
    groups = getattr(node.resolved, "groups", 1)
    return Layer(node, inputs, outputs, sight if isinstance(sight, tuple) else (), groups)
