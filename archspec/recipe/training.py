"""Training: a whole recipe, the `training:` of a spec, as data."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Annotated, Final, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from archspec.ir.attributes import Accepts, OptionalCount, number, wrong_value
from archspec.recipe.averaging import Averaging
from archspec.recipe.loss import Loss
from archspec.recipe.optimizer import Optimizer
from archspec.recipe.part import Part
from archspec.recipe.schedule import Schedule


def _a(kind: type[Part], expected: str) -> Accepts:
    """A part that was read already."""
    return Accepts(lambda value: value if isinstance(value, kind) else None, expected, {"type": ["string", "object"]})


_LOSSES: Final = Accepts(
    lambda value: value if isinstance(value, dict) else None,
    "outputs with their losses, such as `{logits: cross_entropy}`",
    {"type": "object"},
)
OptionalPositive: TypeAlias = Annotated[float | None, number("a number above 0", above=0)]


class Training(BaseModel):
    """How a network is trained. Every part may be left out, where a publication does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    loss: Annotated[dict[str, Loss | None], _LOSSES] = {}
    """The loss of every output that exists in training, by name: a loss, or `none`."""
    optimizer: Annotated[Optimizer | None, _a(Optimizer, "an optimiser")] = None
    """How a step is made of gradients."""
    schedule: Annotated[Schedule | None, _a(Schedule, "a schedule")] = None
    """How the learning rate changes."""
    clip_grad_norm: OptionalPositive = None
    """The most that the norm of all gradients together may be; larger ones are scaled down."""
    clip_grad_value: OptionalPositive = None
    """The most that any one gradient may be, either way; larger ones are cut off."""
    averaging: Annotated[Averaging | None, _a(Averaging, "an average")] = None
    """The average of weights that is evaluated in place of the last ones."""
    epochs: OptionalCount = None
    """How often the training set is gone through."""
    batch_size: OptionalCount = None
    """How many samples make a step, over all devices."""

    @model_validator(mode="after")
    def _clips_in_one_way(self) -> Self:
        if self.clip_grad_norm is not None and self.clip_grad_value is not None:
            raise wrong_value("clip_grad_value", "no `clip_grad_norm` beside it: one of the two")
        return self
