"""Clipping: gradients kept from being large, between the backward pass and the step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm

from archspec.tools.training.recipe import Spec, graph_of, part_of


def clip_gradients(spec: Spec, model: nn.Module, *, params: Mapping[str, Any] | None = None) -> torch.Tensor:
    """Clip all gradients of a module as `clip_grad_norm` or `clip_grad_value` of a spec's `training` says.

    Args:
        spec: the path of a spec, or its graph.
        model: the module, after the backward pass.
        params: values for the spec's parameters, by name.

    Returns:
        The norm of all gradients together, as it was before.

    Raises:
        SpecError: the spec has errors.
        ValueError: it clips nothing.
    """
    graph = graph_of(spec, params)
    most: float = part_of(graph, "clip_grad_norm", "clip_grad_value")
    if graph.training.clip_grad_norm is not None:
        return clip_grad_norm_(model.parameters(), most)
    norm = get_total_norm([weight.grad for weight in model.parameters() if weight.grad is not None])
    clip_grad_value_(model.parameters(), most)
    return norm
