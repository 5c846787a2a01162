"""RMSprop as TensorFlow has it, where that differs from `torch.optim.RMSprop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer


class TensorFlowRMSprop(Optimizer):
    """RMSprop with `eps` below the root, a mean that starts anywhere, and the learning rate within the momentum.

    With g the gradient, to which the weight decay has been added (`tf.train.RMSPropOptimizer`; timm's `RMSpropTF` is
    another torch version of it):

        square = alpha * square + (1 - alpha) * g**2, at first `initial_square`
        mean = alpha * mean + (1 - alpha) * g, at first 0, and subtracted only where `centered`
        step = g / sqrt(square - mean**2 + eps), or g / (sqrt(square - mean**2) + eps)
        buffer = momentum * buffer + lr * step, and weight -= buffer; or
        buffer = momentum * buffer + step, and weight -= lr * buffer
    """

    def __init__(
        self,
        params: Any,
        lr: float,
        *,
        alpha: float = 0.9,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        eps_inside_root: bool = True,
        initial_square: float = 1.0,
        lr_in_momentum: bool = True,
    ) -> None:
        """Make it; by default it is TensorFlow's.

        Args:
            params: parameters, or groups of them, as every optimiser of torch takes them.
            lr: the learning rate.
            alpha: the share of the running means that is kept.
            eps: keeps the divisor from 0.
            weight_decay: the share of each weight that is added to its gradient.
            momentum: the share of the buffer that is kept.
            centered: whether the square of the mean gradient is taken off the mean square.
            eps_inside_root: whether `eps` is added below the root.
            initial_square: what the mean square starts from.
            lr_in_momentum: whether the buffer holds steps with their learning rates.
        """
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "eps_inside_root": eps_inside_root,
            "initial_square": initial_square,
            "lr_in_momentum": lr_in_momentum,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; gives what `closure` gives, which computes the loss again where it is given."""
        result = None
        if closure is not None:
            with torch.enable_grad():
                result = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return result

    def _update(self, weight: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self._state_of(weight, group)
        if group["weight_decay"]:
            gradient = gradient.add(weight, alpha=group["weight_decay"])
        state["square"].mul_(group["alpha"]).addcmul_(gradient, gradient, value=1 - group["alpha"])
        variance = state["square"]
        if group["centered"]:
            state["mean"].lerp_(gradient, 1 - group["alpha"])
            variance = variance.addcmul(state["mean"], state["mean"], value=-1)
        eps = group["eps"]
        divisor = variance.add(eps).sqrt_() if group["eps_inside_root"] else variance.sqrt().add_(eps)
        step = gradient / divisor
        if not group["momentum"]:
            weight.sub_(step, alpha=group["lr"])
        elif group["lr_in_momentum"]:
            state["buffer"].mul_(group["momentum"]).add_(step, alpha=group["lr"])
            weight.sub_(state["buffer"])
        else:
            state["buffer"].mul_(group["momentum"]).add_(step)
            weight.sub_(state["buffer"], alpha=group["lr"])

    def _state_of(self, weight: torch.Tensor, group: dict[str, Any]) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self.state[weight]
        if not state:
            state["square"] = torch.full_like(weight, group["initial_square"], memory_format=torch.preserve_format)
            if group["centered"]:
                state["mean"] = torch.zeros_like(weight, memory_format=torch.preserve_format)
            if group["momentum"]:
                state["buffer"] = torch.zeros_like(weight, memory_format=torch.preserve_format)
        return state
