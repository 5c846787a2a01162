"""Initialize: draw the values of a weight as its initialiser says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from functools import singledispatch
from math import erf, prod, sqrt
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archspec.backends.draws import Draws
from archspec.recipe import initializer as recipe


def initialize(weight: torch.Tensor, how: recipe.Initializer, draws: Draws) -> None:
    """Overwrite a weight by the end of `draws`, unless it has no memory; deterministic under `torch.manual_seed`."""
    if not weight.is_meta:
        with torch.no_grad():
            _fill(how, weight, draws)


@singledispatch
def _fill(how: recipe.Initializer, weight: torch.Tensor, draws: Draws) -> None:
    raise TypeError(f"no rule draws {type(how).__name__}")


@_fill.register
def _(how: recipe.Zeros, weight: torch.Tensor, draws: Draws) -> None:
    weight.zero_()


@_fill.register
def _(how: recipe.Ones, weight: torch.Tensor, draws: Draws) -> None:
    weight.fill_(1)


@_fill.register
def _(how: recipe.Constant, weight: torch.Tensor, draws: Draws) -> None:
    weight.fill_(how.value)


@_fill.register
def _(how: recipe.Normal, weight: torch.Tensor, draws: Draws) -> None:
    draws.draw(weight, _normal, how.mean, how.std)


@_fill.register
def _(how: recipe.Uniform, weight: torch.Tensor, draws: Draws) -> None:
    draws.draw(weight, _uniform, how.low, how.high)


@_fill.register
def _(how: recipe.TruncatedNormal, weight: torch.Tensor, draws: Draws) -> None:
    draws.draw(weight, _truncated_normal, how.mean, how.std, how.low, how.high)


@_fill.register
def _(how: recipe.HeNormal, weight: torch.Tensor, draws: Draws) -> None:
    draws.draw(weight, _normal, 0, recipe.gain_of(how.gain) / sqrt(_fan(weight, how.mode)))


@_fill.register
def _(how: recipe.HeUniform, weight: torch.Tensor, draws: Draws) -> None:
    bound = recipe.gain_of(how.gain) * sqrt(3 / _fan(weight, how.mode))
    draws.draw(weight, _uniform, -bound, bound)


@_fill.register
def _(how: recipe.XavierNormal, weight: torch.Tensor, draws: Draws) -> None:
    draws.draw(weight, _normal, 0, recipe.gain_of(how.gain) / sqrt(_fan(weight, "fan_avg")))


@_fill.register
def _(how: recipe.XavierUniform, weight: torch.Tensor, draws: Draws) -> None:
    bound = recipe.gain_of(how.gain) * sqrt(3 / _fan(weight, "fan_avg"))
    draws.draw(weight, _uniform, -bound, bound)


@_fill.register
def _(how: recipe.VarianceScaling, weight: torch.Tensor, draws: Draws) -> None:
    std = sqrt(how.scale / _fan(weight, how.mode))
    if how.distribution == "uniform":
        draws.draw(weight, _uniform, -sqrt(3) * std, sqrt(3) * std)
    elif how.distribution == "normal":
        draws.draw(weight, _normal, 0, std)
    else:
        std /= _STD_WITHIN_TWO
        draws.draw(weight, _truncated_normal, 0, std, -2 * std, 2 * std)


@_fill.register
def _(how: recipe.Orthogonal, weight: torch.Tensor, draws: Draws) -> None:
    nn.init.orthogonal_(weight, recipe.gain_of(how.gain))


_STD_WITHIN_TWO = 0.87962566103423978
"""The standard deviation of a standard normal that is cut at -2 and 2."""

_REACH = 10.0
"""In standard deviations: no normal that torch draws lies farther out, in any dtype."""


_OFTEN = 0.3
"""Within bounds that hold this share, drawing again until all values fit takes a few rounds."""


_Source: TypeAlias = torch.Generator | None


def _normal(weight: torch.Tensor, source: _Source, mean: float, std: float) -> None:
    weight.normal_(mean, std, generator=source)


def _uniform(weight: torch.Tensor, source: _Source, low: float, high: float) -> None:
    weight.uniform_(low, high, generator=source)


def _truncated_normal(weight: torch.Tensor, source: _Source, mean: float, std: float, low: float, high: float) -> None:
    if low <= mean - _REACH * std and mean + _REACH * std <= high:
        _normal(weight, source, mean, std)  # the bounds cut nothing off, and this is several times faster
    elif _share_within((low - mean) / std, (high - mean) / std) < _OFTEN:
        nn.init.trunc_normal_(weight, mean, std, low, high, generator=source)
    else:
        _normal(weight, source, mean, std)
        _redraw_outside(weight.view(-1), source, mean, std, low, high)


def _redraw_outside(values: torch.Tensor, source: _Source, mean: float, std: float, low: float, high: float) -> None:
    """Draw again what lies outside of the bounds, and only that: torch draws all of it for each round."""
    places = ((values < low) | (values > high)).nonzero().squeeze(1)
    while len(places):
        drawn = values.new_empty(len(places)).normal_(mean, std, generator=source)
        values[places] = drawn
        places = places[(drawn < low) | (drawn > high)]


def _share_within(low: float, high: float) -> float:
    """Of a standard normal, what lies between two bounds."""
    return (erf(high / sqrt(2)) - erf(low / sqrt(2))) / 2


def _fan(weight: torch.Tensor, mode: str) -> float:
    """The inputs that one output of a weight sums over, the outputs that one input goes to, or their mean."""
    outputs, inputs, *kernel = weight.shape
    field = prod(kernel)
    fans = {"fan_in": inputs * field, "fan_out": outputs * field}
    return fans[mode] if mode in fans else (inputs + outputs) * field / 2


_DRAWING = (torch.Tensor.uniform_, torch.Tensor.normal_)
"""What those of torch's initialisers come to that do not tell a mode of themselves."""


class _SkipDefaults(TorchFunctionMode):
    """Leaves out torch's own initialisers of weights of some shapes, where what they write would be overwritten."""

    def __init__(self, shapes: Collection[tuple[int, ...]] | None) -> None:
        super().__init__()
        self.shapes = shapes

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWING or getattr(func, "__module__", None) == "torch.nn.init":
            weight = kwargs["tensor"] if "tensor" in kwargs else args[0]
            if self.shapes is None or tuple(weight.shape) in self.shapes:
                return weight
        return func(*args, **kwargs)


def skip_torch_defaults(shapes: Collection[tuple[int, ...]] | None = None) -> AbstractContextManager[object]:
    """Make modules without drawing some of their weights.

    Args:
        shapes: of the weights that are initialised or replaced afterwards; all are where nothing is said.
    """
    return nullcontext() if shapes is not None and not shapes else _SkipDefaults(shapes)
