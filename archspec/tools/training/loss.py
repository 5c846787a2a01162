"""Loss: what all outputs of a network are held to, as one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any, TypeAlias

import torch
from torch import nn

from archspec.ir.graph import Graph
from archspec.recipe import loss as recipe
from archspec.tools.training.recipe import Spec, graph_of, part_of

Outputs: TypeAlias = torch.Tensor | tuple[torch.Tensor, ...] | Mapping[str, torch.Tensor]
Targets: TypeAlias = torch.Tensor | Mapping[str, torch.Tensor]


def loss(spec: Spec, *, params: Mapping[str, Any] | None = None, outputs: Sequence[str] | None = None) -> Loss:
    """The loss that a spec's `training: loss` describes.

    Args:
        spec: the path of a spec, or its graph.
        params: values for its parameters, by name.
        outputs: the outputs that the module was compiled with, where these are not all.

    Raises:
        SpecError: the spec has errors.
        ValueError: it says no loss of any output, or `outputs` names something that is no output.
    """
    graph = graph_of(spec, params)
    described = {name: how for name, how in part_of(graph, "loss").items() if how is not None}
    unknown = [name for name in outputs or () if name not in graph.outputs]
    if unknown:
        raise ValueError(f"`{unknown[0]}` is no output of `{graph.name}`")
    kept = described if outputs is None else {name: how for name, how in described.items() if name in outputs}
    if not kept:
        raise ValueError(f"no output of `{graph.name}` has a loss")
    return Loss(kept, _only_output(graph, outputs))


def _only_output(graph: Graph, outputs: Sequence[str] | None) -> str | None:
    """The output that a module returns as a tensor by itself, in eval or always; None where it returns several."""
    kept = [output for output in graph.outputs.values() if outputs is None or output.name in outputs]
    in_eval = [output.name for output in kept if graph[output.value.node].phase != "training"]
    return in_eval[0] if len(in_eval) == 1 else kept[0].name if len(kept) == 1 else None


class Loss(nn.Module):
    """The weighted sum of the losses of a network's outputs."""

    def __init__(self, losses: Mapping[str, recipe.Loss], only: str | None) -> None:
        """Make the losses.

        Args:
            losses: by the name of the output.
            only: the output that a tensor by itself is.
        """
        super().__init__()
        self.names = tuple(losses)
        self.weights = tuple(how.weight for how in losses.values())
        self.criteria = nn.ModuleList(criterion(how) for how in losses.values())
        self.only = only

    def forward(self, outputs: Outputs, targets: Targets) -> torch.Tensor:
        """The total: the sum of what `terms` gives, each times its weight.

        Args:
            outputs: what the module returned, in training or in eval mode; or outputs by name.
            targets: those of all outputs, or by the output's name.

        Raises:
            ValueError: none of the outputs has a loss, one has no targets, or a tensor could be any of several.
        """
        weights = dict(zip(self.names, self.weights, strict=True))
        weighted = [weights[name] * term for name, term in self.terms(outputs, targets).items()]
        return sum(weighted[1:], start=weighted[0])

    def terms(self, outputs: Outputs, targets: Targets) -> dict[str, torch.Tensor]:
        """The loss of each output that is there and has one, without its weight, by the output's name."""
        given = self._by_name(outputs)
        terms = {
            name: how(given[name], self._targets_of(name, targets))
            for name, how in zip(self.names, self.criteria, strict=True)
            if name in given
        }
        if not terms:
            raise ValueError(
                f"none of the outputs has a loss: {_listed(given)}; there are losses of {_listed(self.names)}"
            )
        return terms

    def _by_name(self, outputs: Outputs) -> Mapping[str, torch.Tensor]:
        if isinstance(outputs, Mapping):
            return outputs
        if isinstance(outputs, tuple) and hasattr(outputs, "_fields"):
            return dict(zip(outputs._fields, outputs, strict=True))
        if not isinstance(outputs, torch.Tensor):
            raise ValueError(f"expected what the module returned, or outputs by name, but this is a {_kind(outputs)}")
        name = self.only if self.only is not None else self.names[0] if len(self.names) == 1 else None
        if name is None:
            raise ValueError(f"one tensor could be any of {_listed(self.names)}: give outputs by name")
        return {name: outputs}

    @staticmethod
    def _targets_of(name: str, targets: Targets) -> torch.Tensor:
        if not isinstance(targets, Mapping):
            return targets
        if name not in targets:
            raise ValueError(f"there are no targets for output `{name}`, only for {_listed(targets)}")
        return targets[name]


@singledispatch
def criterion(how: recipe.Loss) -> nn.Module:
    """The loss of one output as a module, without its weight."""
    raise TypeError(f"no module computes {type(how).__name__}")


@criterion.register
def _(how: recipe.CrossEntropy) -> nn.Module:
    return nn.CrossEntropyLoss(label_smoothing=how.label_smoothing, ignore_index=_ignored(how))


@criterion.register
def _(how: recipe.NegativeLogLikelihood) -> nn.Module:
    return nn.NLLLoss(ignore_index=_ignored(how))


@criterion.register
def _(how: recipe.BinaryCrossEntropy) -> nn.Module:
    positive = torch.tensor(how.positive_weight) if how.positive_weight != 1 else None
    return nn.BCEWithLogitsLoss(pos_weight=positive)


@criterion.register
def _(how: recipe.MeanSquaredError) -> nn.Module:
    return nn.MSELoss()


@criterion.register
def _(how: recipe.MeanAbsoluteError) -> nn.Module:
    return nn.L1Loss()


@criterion.register
def _(how: recipe.Huber) -> nn.Module:
    return nn.HuberLoss(delta=how.delta)


@criterion.register
def _(how: recipe.SmoothL1) -> nn.Module:
    return nn.SmoothL1Loss(beta=how.beta)


def _ignored(how: recipe.CrossEntropy | recipe.NegativeLogLikelihood) -> int:
    return -100 if how.ignore_index is None else how.ignore_index  # torch's default, which is no class


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _kind(value: object) -> str:
    return type(value).__name__
