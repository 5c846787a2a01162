"""Signature: how a call hands tensors to a network, and whether they are what its inputs say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from archspec.analysis.at_sizes import check_sizes, sizes_of_shapes
from archspec.backends.inputs import random_inputs
from archspec.backends.plan import argument_name
from archspec.ir.dims import evaluate
from archspec.ir.graph import Graph, GraphInput
from archspec.ir.types import TensorType


class Signature:
    """The inputs of a network as arguments."""

    def __init__(self, graph: Graph, device: torch.device, dtype: torch.dtype) -> None:
        self.graph, self.device, self.dtype = graph, device, dtype
        self.names = {argument_name(name): name for name in graph.inputs}

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The arguments in the order of the inputs.

        Raises:
            TypeError: there are too few, too many or others.
        """
        if not kwargs and len(args) == len(self.names):
            return list(args)
        names = list(self.names)
        given = dict(zip(names, args, strict=False))
        twice = [name for name in kwargs if name in given]
        unknown = [name for name in kwargs if name not in self.names]
        missing = [name for name in names if name not in given and name not in kwargs]
        if twice or unknown or missing or len(args) > len(names):
            raise TypeError(f"`{self.graph.name}` takes {', '.join(f'`{name}`' for name in names)}, each once")
        return [{**given, **kwargs}[name] for name in names]

    def sizes(self, tensors: Sequence[Any]) -> dict[str, int]:
        """The sizes of the symbols of the inputs.

        Raises:
            TypeError: one is no tensor.
            ValueError: one is not what its input says, or the network does not run at these sizes in eval mode.
        """
        pairs = list(zip(self.graph.inputs.values(), tensors, strict=True))
        for given, tensor in pairs:
            self._check(given, tensor)
        found = sizes_of_shapes(self.graph, [tensor.shape for tensor in tensors])
        for given, tensor in pairs:
            if tuple(evaluate(dim, found) for dim in given.shape) != tuple(tensor.shape):
                known = ", ".join(f"{name}={size}" for name, size in found.items())
                raise ValueError(f"{_declared(given)}, and {known} here, but {list(tensor.shape)} was given")
        check_sizes(self.graph, found, "eval")
        return found

    def sizes_of(self, shape: Sequence[int]) -> dict[str, int]:
        """The sizes of the symbols where the only input has some shape.

        Raises:
            ValueError: there are several inputs, or this one cannot have it.
        """
        if len(self.graph.inputs) != 1:
            raise ValueError(f"`{self.graph.name}` has several inputs: give tensors, or sizes of symbols")
        (given,) = self.graph.inputs.values()
        found = sizes_of_shapes(self.graph, [shape])
        if tuple(evaluate(dim, found) for dim in given.shape) != tuple(shape):
            raise ValueError(f"{_declared(given)}, but {list(shape)} was given")
        return found

    def draw(self, sizes: Mapping[str, int], seed: int = 0) -> list[Tensor]:
        """Random tensors for all inputs, at some sizes; where nothing is said one sample, or the fewest that run.

        Raises:
            ValueError: the network does not run at these sizes in eval mode.
        """
        draw = partial(random_inputs, self.graph, sizes=sizes, seed=seed, phase="eval")
        with torch.device("cpu"):  # whatever torch's default is: the generator is there
            try:
                made = draw(batch=1)
            except ValueError:
                made = draw()
        return [each.to(self.device, self.dtype if each.is_floating_point() else each.dtype) for each in made.values()]

    def _check(self, given: GraphInput, tensor: Any) -> None:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{_declared(given)}, but a {type(tensor).__name__} was given")
        dtype = self.dtype if given.type.dtype == "float32" else getattr(torch, given.type.dtype)
        if tensor.dtype != dtype or tensor.device != self.device:
            raise ValueError(
                f"`{given.name}` has to be {dtype} on {self.device} as the weights are, "
                f"but it is {tensor.dtype} on {tensor.device}"
            )
        if tensor.layout != torch.strided:
            raise ValueError(f"`{given.name}` has to be dense, but a tensor of {tensor.layout} was given")
        if tensor.dim() != len(given.shape):
            raise ValueError(f"{_declared(given)}, but {list(tensor.shape)} was given")


def _declared(given: GraphInput) -> str:
    return f"`{given.name}` is a tensor {TensorType(given.shape, given.type.dtype)}"
