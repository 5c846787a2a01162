"""Optimizer: one of torch's, over the parameters of a module in the groups that a spec asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any, Final, TypeAlias

import torch
from torch import nn

from archspec.ir.graph import Graph
from archspec.recipe import optimizer as recipe
from archspec.recipe.group import assign
from archspec.tools.training.recipe import Spec, graph_of, part_of
from archspec.tools.training.rmsprop import TensorFlowRMSprop

Groups: TypeAlias = list[dict[str, Any]]
_WRAPPERS: Final = ("module.", "_orig_mod.")
"""What data-parallel and compiled modules put before every key."""


def optimizer(
    spec: Spec, model: nn.Module | Sequence[tuple[str, nn.Parameter]], *, params: Mapping[str, Any] | None = None
) -> torch.optim.Optimizer:
    """The optimiser that a spec's `training: optimizer` describes, over all parameters of a module.

    Its first group has the parameters that no group of the spec has; the others are in the order of the spec. Each says
    which it is (`name`), and holds the names of its parameters (`param_names`).

    Args:
        spec: the path of a spec, or its graph.
        model: the module that was compiled from it, with all outputs or some, on any device; or wrapped by
            `DistributedDataParallel`, `DataParallel`, or `torch.compile`. Or the names and parameters of one.
        params: values for the spec's parameters, by name.

    Raises:
        SpecError: the spec has errors.
        ValueError: it describes no optimiser, or the module has other parameters than the spec.
    """
    graph = graph_of(spec, params)
    how: recipe.Optimizer = part_of(graph, "optimizer")
    named = model.named_parameters() if isinstance(model, nn.Module) else model
    return make(how, _grouped(how, {_plain(name): parameter for name, parameter in named}, graph))


def _grouped(how: recipe.Optimizer, named: Mapping[str, nn.Parameter], graph: Graph) -> Groups:
    """The parameters by group, with what the group sets; a group that has none is left out."""
    index_of = assign(how.groups, graph)
    unknown = [name for name in named if name not in index_of]
    if unknown or not named:
        what = f"`{unknown[0]}` of the module is no parameter" if unknown else "the module has no parameters"
        raise ValueError(f"{what} of `{graph.name}`: it was compiled from another spec, or with other `params`")
    members: dict[int | None, list[tuple[str, nn.Parameter]]] = {}
    for name, parameter in named.items():
        members.setdefault(index_of[name], []).append((name, parameter))
    groups: Groups = [{"name": "all others", "params": members[None]}] if None in members else []
    for index, group in enumerate(how.groups):
        if index in members:
            weight_decay = how.weight_decay if group.weight_decay is None else group.weight_decay
            settings = {"lr": how.lr * group.lr_factor, "weight_decay": weight_decay}
            groups.append({"name": _name_of(group), "params": members[index]} | settings)
    return groups


def _name_of(group: Any) -> str:
    return " under ".join(filter(None, [" and ".join(group.of), " and ".join(group.under)]))


def _plain(name: str) -> str:
    """The key of a parameter without what wrappers put before it."""
    for wrapper in _WRAPPERS * 2:
        name = name.removeprefix(wrapper)
    return name


@singledispatch
def make(how: recipe.Optimizer, groups: Groups) -> torch.optim.Optimizer:
    """The optimiser over groups of named parameters."""
    raise TypeError(f"no optimiser is {type(how).__name__}")


@make.register
def _(how: recipe.SGD, groups: Groups) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        groups, lr=how.lr, momentum=how.momentum, nesterov=how.nesterov, weight_decay=how.weight_decay
    )


@make.register
def _(how: recipe.RMSprop, groups: Groups) -> torch.optim.Optimizer:
    settings: dict[str, Any] = {
        "lr": how.lr,
        "alpha": how.alpha,
        "eps": how.eps,
        "weight_decay": how.weight_decay,
        "momentum": how.momentum,
        "centered": how.centered,
    }
    apart: dict[str, Any] = {
        "eps_inside_root": how.eps_inside_root,
        "initial_square": how.initial_square,
        "lr_in_momentum": how.lr_in_momentum,
    }
    if any(apart.values()):
        return TensorFlowRMSprop(groups, **settings, **apart)
    return torch.optim.RMSprop(groups, **settings)


@make.register(recipe.Adam)
@make.register(recipe.AdamW)
def _(how: recipe.Adam | recipe.AdamW, groups: Groups) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if isinstance(how, recipe.AdamW) else torch.optim.Adam
    return kind(groups, lr=how.lr, betas=how.betas, eps=how.eps, weight_decay=how.weight_decay, amsgrad=how.amsgrad)
