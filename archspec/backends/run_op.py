"""Run one op by itself: the steps it lowers to, with weights made for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from archspec.backends.dtypes import type_of
from archspec.backends.program import constant, resolve
from archspec.ir.conditions import Conditions, RuleStopped
from archspec.ir.op import Arg, Op, Rest, Result, Step, Weight
from archspec.ir.types import TensorType


@dataclass
class Made:
    """The weights that running an op's steps called into being, by name below the node's path."""

    parameters: dict[str, torch.Tensor] = field(default_factory=dict)
    buffers: dict[str, torch.Tensor] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    own: list[torch.Tensor] = field(default_factory=list)
    """Those that were read, which no module of torch made."""

    def read_weight(self, name: str, weight: Weight) -> torch.Tensor:
        """Make a weight that a step reads."""
        self.read.add(name)
        self.own.append(_tensor(weight))
        return self.own[-1]

    def make_module(self, step: Step, settings: Mapping[str, Any]) -> nn.Module:
        """Make the module of a step, with its weights."""
        module: nn.Module = torch_name(step.target)(**settings)
        prefix = f"{step.name}." if step.name else ""
        self.parameters |= {prefix + name: tensor for name, tensor in module.named_parameters()}
        self.buffers |= {prefix + name: tensor for name, tensor in module.named_buffers()}
        return module


def torch_name(target: str) -> Any:
    """What a name stands for; one without a dot is torch's own: `float32`."""
    return resolve(target if "." in target else f"torch.{target}")


def run(
    op: Op, types: Sequence[TensorType], tensors: Sequence[torch.Tensor], *, training: bool = True
) -> tuple[tuple[torch.Tensor, ...], Made]:
    """The outputs by port, and the weights that were made, where the tensors are or on torch's default device."""
    made, results = Made(), list[Any]()

    def value(arg: Any) -> Any:
        if isinstance(arg, Arg):
            return tensors[arg.index]
        if isinstance(arg, Result):
            return results[arg.index]
        if isinstance(arg, list | tuple):
            return type(arg)(map(value, arg))
        return list(tensors[arg.index :]) if isinstance(arg, Rest) else constant(arg)

    weights = op.weights(*types)
    for step in op.lower(*types):
        if step.kind == "weight":
            results.append(made.read_weight(step.name, weights[step.name]))
            continue
        args, settings = [value(arg) for arg in step.args], {name: value(arg) for name, arg in step.settings.items()}
        if step.kind == "module":
            module = made.make_module(step, settings)
            results.append(module.train(training)(*args))
        else:
            results.append(_call(step, args, settings))
    last = results[-1]
    return (last if isinstance(last, tuple) else (last,)), made


def _call(step: Step, args: list[Any], settings: Mapping[str, Any]) -> Any:
    if step.kind == "method":
        return getattr(args[0], step.target)(*args[1:], **settings)
    return torch_name(step.target)(*args, **settings)


def _tensor(weight: Weight) -> torch.Tensor:
    value = torch.tensor(weight.value, dtype=torch_name(weight.dtype))
    whole = value.reshape(weight.shape) if isinstance(weight.value, tuple) else value.expand(weight.shape)
    return whole.requires_grad_(weight.kind == "parameter")


def differences(weights: Mapping[str, Weight], made: Made) -> Iterator[str]:
    """Where the declared weights are not those that the steps make and read."""
    of_modules = made.parameters | made.buffers
    read = [name for name in weights if name in made.read]
    for name, weight in weights.items():
        if name not in of_modules and name not in made.read:
            yield f"the weight `{name}` is declared, but no step makes or reads it"
        elif name in of_modules and (weight.kind == "parameter") != (name in made.parameters):
            yield f"the weight `{name}` is declared as a {weight.kind}, but torch has it as another kind"
        elif name in of_modules and TensorType(weight.shape, weight.dtype) != type_of(of_modules[name]):
            declared = TensorType(weight.shape, weight.dtype)
            yield f"the weight `{name}` is declared as {declared}, but torch makes {type_of(of_modules[name])}"
    undeclared = [name for name in (*of_modules, *made.read) if name not in weights]
    yield from (f"the weight `{name}` is not declared" for name in undeclared)
    order = [*of_modules, *read]
    if not undeclared and set(order) == set(weights) and order != list(weights):
        yield f"the weights are declared in the order {list(weights)}, but made in the order {order}"


def infer(op: Op, *types: TensorType) -> tuple[tuple[TensorType, ...] | None, Conditions]:
    """What the shape rule gives, one type a port, and what it demands; None where it could not go on."""
    must = Conditions()
    try:
        found = op.infer(must, *types)
    except RuleStopped:
        return None, must
    return (found if isinstance(found, tuple) else (found,)), must


def draw(given: TensorType, below: int = 8) -> torch.Tensor:
    """A random tensor of a type whose sides are numbers: from 0 to 1, or whole numbers from 0 to `below`."""
    assert all(isinstance(side, int) for side in given.shape), f"{given} has sides without a number"
    shape, dtype = [side for side in given.shape if isinstance(side, int)], torch_name(given.dtype)
    return torch.randint(0, below, shape).to(dtype) if not given.is_floating else torch.rand(shape, dtype=dtype)
