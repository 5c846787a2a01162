"""Losses: what an output is held to, as data. Every one is the mean over all targets."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Annotated, ClassVar, Final

from archspec.ir.attributes import Fraction, NonNegativeNumber, PositiveNumber, whole
from archspec.recipe.part import Part


class Loss(Part):
    """Base of every loss."""

    beside: ClassVar[tuple[str, ...]] = ("weight",)
    by_class: ClassVar[bool] = False
    """Whether the output has an axis of classes after the batch, and its targets do not."""

    weight: NonNegativeNumber = 1.0
    """The factor of this loss in the total."""


class _ByClass(Loss):
    by_class: ClassVar[bool] = True

    ignore_index: Annotated[int | None, whole(-(2**31) + 1, "a whole number, the class that does not count")] = None
    """The class of targets that do not count, such as 255 of unlabelled pixels."""


class CrossEntropy(_ByClass):
    """Cross entropy of logits [N, C, ...] with classes [N, ...], or with probabilities [N, C, ...].

    With smoothing e, a target is (1 - e) * onehot + e / C (Szegedy et al. 2015, Rethinking the Inception Architecture).
    """

    name: ClassVar[str] = "cross_entropy"

    label_smoothing: Fraction = 0.0
    """The share of every target that is spread evenly over all classes."""


class NegativeLogLikelihood(_ByClass):
    """Negative log-likelihood of classes [N, ...], where the output has log-probabilities [N, C, ...]."""

    name: ClassVar[str] = "nll"


class BinaryCrossEntropy(Loss):
    """Binary cross entropy of logits with targets of the same shape, from 0 to 1."""

    name: ClassVar[str] = "binary_cross_entropy"

    positive_weight: PositiveNumber = 1.0
    """How much more a positive target counts than a negative one."""


class MeanSquaredError(Loss):
    """The mean of the squared differences from targets of the same shape."""

    name: ClassVar[str] = "mse"


class MeanAbsoluteError(Loss):
    """The mean of the absolute differences from targets of the same shape."""

    name: ClassVar[str] = "l1"


class Huber(Loss):
    """Half the squared difference up to `delta`, then `delta` times the absolute one less `delta / 2` (Huber 1964)."""

    name: ClassVar[str] = "huber"

    delta: PositiveNumber = 1.0
    """The difference at which square becomes linear."""


class SmoothL1(Loss):
    """Huber's loss divided by `beta`: linear with slope 1 beyond it (Girshick 2015, Fast R-CNN)."""

    name: ClassVar[str] = "smooth_l1"

    beta: PositiveNumber = 1.0
    """The difference at which square becomes linear."""


LOSSES: Final[dict[str, type[Loss]]] = {
    kind.name: kind
    for kind in (
        CrossEntropy, NegativeLogLikelihood, BinaryCrossEntropy, MeanSquaredError, MeanAbsoluteError, Huber, SmoothL1,
    )
}  # fmt: skip
"""All losses by name."""
NO_LOSS: Final = "none"
"""What stands for an output that is held to nothing."""
