"""Schedules: the factor of the learning rate at each step, as data and as a pure function of the step.

A schedule begins when its warm-up ends. While that lasts, the factor grows linearly to what the schedule begins with,
so that the two meet.
"""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from abc import abstractmethod
from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict

from archspec.ir.attributes import Accepts, Flag, Fraction, PositiveNumber
from archspec.recipe.part import Factor, OptionalTime, Part, Time, Times


@dataclass(frozen=True, slots=True)
class Clock:
    """What turns lengths of training into steps."""

    steps_per_epoch: int
    epochs: int | None = None
    """How long training takes; None where it is not known."""


class Warmup(BaseModel):
    """A time in which the learning rate grows linearly (Goyal et al. 2017); its length alone says it too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
    shorthand: ClassVar[str] = "over"

    over: Time
    """How long it takes."""
    start: Fraction = 0.0
    """The factor of the first step."""


class Schedule(Part):
    """Base of every schedule."""

    beside: ClassVar[tuple[str, ...]] = ("warmup",)

    warmup: Annotated[
        Warmup | None,
        Accepts(
            lambda value: value if isinstance(value, Warmup) else None,
            "a length of training such as `5 epochs`, or `{over: 5 epochs, start: 0.1}`",
            {"type": ["string", "object"]},
        ),
    ] = None
    """The time in which the learning rate grows."""

    def factor(self, step: int, clock: Clock) -> float:
        """The factor of the learning rate.

        Args:
            step: how many steps have been taken before this one.
            clock: how long an epoch and all of training are.

        Raises:
            ValueError: the schedule depends on the end of training, and nothing says when that is.
        """
        if self.warmup is None:
            return self._after(step, 0, clock)
        begin = self.warmup.over.steps(clock.steps_per_epoch)
        if step >= begin:
            return self._after(step, begin, clock)
        start = self.warmup.start
        return (start + (1 - start) * step / begin) * self._after(begin, begin, clock)

    def lacks_end(self, epochs: int | None) -> bool:
        """Whether it depends on the end of training, and nothing says when that is."""
        return False

    @abstractmethod
    def _after(self, step: int, begin: int, clock: Clock) -> float:
        """The factor at a step that is not before `begin`, where the warm-up ends."""


class Constant(Schedule):
    """The learning rate stays as it is."""

    name: ClassVar[str] = "constant"

    def _after(self, step: int, begin: int, clock: Clock) -> float:
        return 1.0


class Exponential(Schedule):
    """The learning rate is multiplied by `gamma` after every so many epochs or steps."""

    name: ClassVar[str] = "exponential"

    gamma: Factor
    """What the learning rate is multiplied by."""
    every: Time
    """How long that takes."""
    staircase: Flag = True
    """Whether it happens at once at the end of the time; otherwise a little at each step."""

    def _after(self, step: int, begin: int, clock: Clock) -> float:
        every = self.every.steps(clock.steps_per_epoch)
        return self.gamma ** ((step - begin) // every if self.staircase else (step - begin) / every)


class Step(Schedule):
    """The learning rate is multiplied by `gamma` at given times since training began, its warm-up included."""

    name: ClassVar[str] = "step"

    at: Times
    """When: a time, or several."""
    gamma: Factor = 0.1
    """What the learning rate is multiplied by, each time."""

    def _after(self, step: int, begin: int, clock: Clock) -> float:
        return self.gamma ** sum(step >= time.steps(clock.steps_per_epoch) for time in self.at)


class _ToAnEnd(Schedule):
    over: OptionalTime = None
    """How long it takes; by default what the warm-up leaves of the `epochs` of training."""
    final: Fraction = 0.0
    """The factor at the end, and from then on."""

    def lacks_end(self, epochs: int | None) -> bool:
        return self.over is None and epochs is None

    def _after(self, step: int, begin: int, clock: Clock) -> float:
        return self.final + (1 - self.final) * self._left(min(1.0, (step - begin) / self._length(begin, clock)))

    def _length(self, begin: int, clock: Clock) -> int:
        if self.over is not None:
            return self.over.steps(clock.steps_per_epoch)
        if clock.epochs is None:
            raise ValueError(f"`{self.name}` has no end: it needs `over`, or the `epochs` of training")
        return max(1, clock.epochs * clock.steps_per_epoch - begin)

    @abstractmethod
    def _left(self, done: float) -> float:
        """The share of the way down that is left, from 1 to 0, after a share of the time."""


class Cosine(_ToAnEnd):
    """The learning rate falls along half a period of the cosine (Loshchilov and Hutter 2017; without restarts)."""

    name: ClassVar[str] = "cosine"

    def _left(self, done: float) -> float:
        return (1 + cos(pi * done)) / 2


class Polynomial(_ToAnEnd):
    """The learning rate falls as a power of the time that is left; linearly with `power: 1`."""

    name: ClassVar[str] = "polynomial"

    power: PositiveNumber = 1.0
    """The power."""

    def _left(self, done: float) -> float:
        left: float = (1 - done) ** self.power
        return left


SCHEDULES: Final[dict[str, type[Schedule]]] = {
    kind.name: kind for kind in (Constant, Exponential, Step, Cosine, Polynomial)
}
"""All schedules by name."""
