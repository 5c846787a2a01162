"""Optimisers: how a step is made of gradients, as data. Settings and their defaults are those of `torch.optim`."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import model_validator

from archspec.ir.attributes import Accepts, Flag, Fraction, NonNegativeNumber, PositiveNumber, number, wrong_value
from archspec.recipe.group import Group
from archspec.recipe.part import Part

MOST_GROUPS: Final = 64


def _read_groups(value: Any) -> tuple[Group, ...] | None:
    fits = isinstance(value, list | tuple) and len(value) <= MOST_GROUPS
    return tuple(value) if fits and all(isinstance(group, Group) for group in value) else None


_BELOW_1: Final = number("a number from 0 to 1", least=0, most=1)


def _read_betas(value: Any) -> tuple[float, ...] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    betas = tuple(_BELOW_1.read(item) for item in value)
    return betas if all(beta is not None and beta < 1 for beta in betas) else None


Betas: TypeAlias = Annotated[
    tuple[float, float],
    Accepts(
        _read_betas,
        "two numbers from 0 to less than 1, such as [0.9, 0.999]",
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    ),
]


class Optimizer(Part):
    """Base of every optimiser."""

    lr: PositiveNumber
    """The learning rate, before the schedule's factor."""
    weight_decay: NonNegativeNumber = 0.0
    """The share of each weight that is added to its gradient (L2)."""
    groups: Annotated[
        tuple[Group, ...],
        Accepts(
            _read_groups,
            f"a list of at most {MOST_GROUPS} groups, such as [{{of: biases, weight_decay: 0}}]",
            {"type": "array", "maxItems": MOST_GROUPS},
        ),
    ] = ()
    """Parameters with settings of their own; one that fits several groups is in the first of them."""

    @property
    def state(self) -> int:
        """How many numbers it keeps for each parameter from step to step; counts of steps are left aside."""
        return 0


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where asked for.

    The learning rate stands outside of the momentum: buffer = momentum * buffer + gradient, step = lr * buffer.
    """

    name: ClassVar[str] = "sgd"

    momentum: Fraction = 0.0
    """The share of the last step's buffer that is kept."""
    nesterov: Flag = False
    """Whether the gradient is taken where momentum leads (Sutskever et al. 2013)."""

    @property
    def state(self) -> int:
        """The buffer of the momentum, where there is one."""
        return int(self.momentum > 0)

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise wrong_value("nesterov", "`momentum` beside it, of more than 0")
        return self


class RMSprop(Optimizer):
    """A step divided by the root of a running mean of squared gradients (Tieleman and Hinton 2012).

    TensorFlow's differs from torch's in three things, which matter where `eps` is as large as 1.0, as it was for
    Inception v3 and later: `eps_inside_root: true, initial_square: 1.0, lr_in_momentum: true` is TensorFlow's.
    """

    name: ClassVar[str] = "rmsprop"

    alpha: Fraction = 0.99
    """The share of the running mean that is kept; TensorFlow and the papers call it decay."""
    momentum: Fraction = 0.0
    """The share of the last step's buffer that is kept."""
    eps: NonNegativeNumber = 1e-8
    """Keeps the divisor from 0."""
    centered: Flag = False
    """Whether the divisor is the root of the variance, so that the squared running mean is taken off."""
    eps_inside_root: Flag = False
    """Whether `eps` is added below the root, not to it."""
    initial_square: NonNegativeNumber = 0.0
    """What the running mean of squares starts from."""
    lr_in_momentum: Flag = False
    """Whether momentum keeps steps with their learning rates, so that the schedule does not change what it keeps."""

    @property
    def state(self) -> int:
        """The running mean of squares, that of gradients where `centered`, and the buffer of the momentum."""
        return 1 + int(self.centered) + int(self.momentum > 0)


class _Adaptive(Optimizer):
    betas: Betas = (0.9, 0.999)
    """The shares of the running means of gradients and of their squares that are kept."""
    eps: NonNegativeNumber = 1e-8
    """Keeps the divisor from 0."""
    amsgrad: Flag = False
    """Whether the divisor never shrinks (Reddi et al. 2018)."""

    @property
    def state(self) -> int:
        """Both running means, and the largest of the second where `amsgrad`."""
        return 2 + int(self.amsgrad)


class Adam(_Adaptive):
    """Adam (Kingma and Ba 2015)."""

    name: ClassVar[str] = "adam"


class AdamW(_Adaptive):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019)."""

    name: ClassVar[str] = "adamw"

    weight_decay: NonNegativeNumber = 0.01
    """The share of each weight, times the learning rate, that is taken off at each step."""


OPTIMIZERS: Final[dict[str, type[Optimizer]]] = {kind.name: kind for kind in (SGD, RMSprop, Adam, AdamW)}
"""All optimisers by name."""
