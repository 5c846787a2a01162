"""Part: what the kinds of losses, optimisers, schedules and averages have in common, and values that they share."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from archspec.ir.attributes import Accepts, number


class Part(BaseModel):
    """Base of everything in a recipe that has kinds: its fields are its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: ClassVar[str] = ""
    """What specs call it."""
    beside: ClassVar[tuple[str, ...]] = ()
    """The settings that stand beside its name: `{mse: {}, weight: 0.5}`."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of training: `2 epochs`, `320000 steps`."""

    amount: float
    unit: Literal["epochs", "steps"]

    def steps(self, steps_per_epoch: int) -> int:
        """How many steps it is: the nearest whole number, and at least one."""
        return max(1, round(self.amount * (steps_per_epoch if self.unit == "epochs" else 1)))

    def __str__(self) -> str:
        return f"{self.amount:.6f}".rstrip("0").rstrip(".") + f" {self.unit}"


_DURATION: Final = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,6})?) (epoch|step)s?\Z")


def read_duration(value: Any) -> Duration | None:
    """The duration that a text means; None where it means none. Steps are whole, and no duration is 0."""
    if isinstance(value, Duration):
        return value
    found = _DURATION.match(value) if isinstance(value, str) else None
    if found is None or float(found[1]) == 0 or (found[2] == "step" and not float(found[1]).is_integer()):
        return None
    return Duration(float(found[1]), "epochs" if found[2] == "epoch" else "steps")


def _read_durations(value: Any) -> tuple[Duration, ...] | None:
    read = [read_duration(item) for item in (value if isinstance(value, list | tuple) else [value])]
    durations = tuple(duration for duration in read if duration is not None)
    return durations if durations and len(durations) == len(read) else None


_DURATION_SCHEMA: Final = {"type": "string", "pattern": _DURATION.pattern.replace(r"\Z", "$").join(("^", ""))}
_AS_DURATION: Final = Accepts(
    read_duration, "a length of training such as `2 epochs` or `320000 steps`", _DURATION_SCHEMA
)

Time: TypeAlias = Annotated[Duration, _AS_DURATION]
"""A length of training."""
OptionalTime: TypeAlias = Annotated[Duration | None, _AS_DURATION]
"""A length of training that may be left out."""
Times: TypeAlias = Annotated[
    tuple[Duration, ...],
    Accepts(
        _read_durations,
        "a time such as `30 epochs`, or a list of them",
        _DURATION_SCHEMA | {"type": ["string", "array"], "items": _DURATION_SCHEMA, "minItems": 1},
    ),
]
"""Times since training began."""
Factor: TypeAlias = Annotated[float, number("a number above 0, of at most 1", above=0, most=1)]
"""What something shrinks by."""
OptionalAmount: TypeAlias = Annotated[float | None, number("a number of 0 or more", least=0)]
"""A number of 0 or more that may be left out."""
