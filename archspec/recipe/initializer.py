"""Initialisers: what a weight starts from, as data. A backend draws the numbers.

The *fan in* of a weight is the number of inputs that one output sums over, its *fan out* the number of outputs that
one input goes to; a convolution's are multiplied by the places of its kernel.
"""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from math import sqrt
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from archspec.ir.attributes import Accepts, NonNegativeNumber, Number, PositiveNumber, number, one_of

GAINS: Final = {
    "linear": 1.0,
    "relu": sqrt(2),
    "tanh": 5 / 3,
    "sigmoid": 1.0,
    "selu": 0.75,
}
"""What keeps the variance through a nonlinearity, by its name; torch's `nn.init.calculate_gain` gives the same."""


_POSITIVE: Final = number("a number above 0", above=0)
_NAMES: Final = ", ".join(f"`{name}`" for name in GAINS)


def _gain(value: Any) -> float | str | None:
    if isinstance(value, str):
        return value if value in GAINS else None
    gain: float | None = _POSITIVE.read(value)
    return gain


Gain: TypeAlias = Annotated[
    float | str,
    Accepts(
        _gain,
        f"a number above 0, or one of {_NAMES}",
        {"type": ["number", "string"], "exclusiveMinimum": 0, "pattern": f"^({'|'.join(GAINS)})$"},
    ),
]
Fan: TypeAlias = Annotated[Literal["fan_in", "fan_out"], one_of("fan_in", "fan_out")]


class Initializer(BaseModel):
    """Base of every initialiser: its fields are its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: ClassVar[str] = ""
    """What specs call it."""
    shorthand: ClassVar[str | None] = None
    """The setting that `name: value` gives."""
    least_rank: ClassVar[int] = 0
    """How many axes a weight must have; 2 for those that need its fans."""


class Zeros(Initializer):
    """All 0."""

    name: ClassVar[str] = "zeros"


class Ones(Initializer):
    """All 1."""

    name: ClassVar[str] = "ones"


class Constant(Initializer):
    """All the same number; a number by itself says this too."""

    name: ClassVar[str] = "constant"
    shorthand: ClassVar[str | None] = "value"

    value: Number
    """The number."""


class Normal(Initializer):
    """Drawn from a normal distribution."""

    name: ClassVar[str] = "normal"

    mean: Number = 0.0
    """Its mean."""
    std: NonNegativeNumber = 1.0
    """Its standard deviation."""


class _Bounded(Initializer):
    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        low, high = getattr(self, "low"), getattr(self, "high")  # noqa: B009 - the fields stand in the subclasses
        if low >= high:
            raise PydanticCustomError("expected", "expected `low` to be less than `high`", {"attribute": "low"})
        return self


class Uniform(_Bounded):
    """Drawn from a uniform distribution."""

    name: ClassVar[str] = "uniform"

    low: Number = 0.0
    """The least value."""
    high: Number = 1.0
    """No value reaches it."""


class TruncatedNormal(_Bounded):
    """Drawn from a normal distribution and drawn again where outside of bounds, as `torch.nn.init.trunc_normal_`.

    The bounds are values, not multiples of the standard deviation: with `std: 0.1` the default cuts at 20 of them.
    """

    name: ClassVar[str] = "truncated_normal"

    mean: Number = 0.0
    """The mean before it is cut."""
    std: PositiveNumber = 1.0
    """The standard deviation before it is cut."""
    low: Number = -2.0
    """The least value."""
    high: Number = 2.0
    """The greatest value."""


class _He(Initializer):
    least_rank: ClassVar[int] = 2

    mode: Fan = "fan_in"
    """Whether the variance is kept forwards (`fan_in`) or backwards (`fan_out`)."""
    gain: Gain = "relu"
    """The factor of the standard deviation: a number, or the nonlinearity that follows."""


class HeNormal(_He):
    """Normal with standard deviation `gain / sqrt(fan)` (He et al. 2015, Delving Deep into Rectifiers)."""

    name: ClassVar[str] = "he_normal"


class HeUniform(_He):
    """Uniform within `gain * sqrt(3 / fan)` of 0 (He et al. 2015, Delving Deep into Rectifiers)."""

    name: ClassVar[str] = "he_uniform"


class _Xavier(Initializer):
    least_rank: ClassVar[int] = 2

    gain: Gain = "linear"
    """The factor of the standard deviation: a number, or the nonlinearity that follows."""


class XavierNormal(_Xavier):
    """Normal with standard deviation `gain * sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio 2010)."""

    name: ClassVar[str] = "xavier_normal"


class XavierUniform(_Xavier):
    """Uniform within `gain * sqrt(6 / (fan_in + fan_out))` of 0 (Glorot and Bengio 2010)."""

    name: ClassVar[str] = "xavier_uniform"


class VarianceScaling(Initializer):
    """Mean 0 and variance `scale / fan`, as TensorFlow has it: what EfficientNet starts from (Tan and Le 2019).

    `truncated_normal` is cut at 2 standard deviations and scaled so that the variance is met after the cut.
    """

    name: ClassVar[str] = "variance_scaling"
    least_rank: ClassVar[int] = 2

    scale: PositiveNumber = 1.0
    """The variance of an output over that of an input."""
    mode: Annotated[Literal["fan_in", "fan_out", "fan_avg"], one_of("fan_in", "fan_out", "fan_avg")] = "fan_in"
    """What the variance is divided by; `fan_avg` is the mean of both."""
    distribution: Annotated[
        Literal["truncated_normal", "normal", "uniform"], one_of("truncated_normal", "normal", "uniform")
    ] = "truncated_normal"
    """What is drawn from."""


class Orthogonal(Initializer):
    """A random orthogonal matrix, of the first axis against all others (Saxe et al. 2013)."""

    name: ClassVar[str] = "orthogonal"
    least_rank: ClassVar[int] = 2

    gain: Gain = "linear"
    """The factor of the matrix: a number, or the nonlinearity that follows."""


INITIALIZERS: Final[dict[str, type[Initializer]]] = {
    kind.name: kind
    for kind in (
        Zeros, Ones, Constant, Normal, Uniform, TruncatedNormal, HeNormal, HeUniform, XavierNormal, XavierUniform,
        VarianceScaling, Orthogonal,
    )
}  # fmt: skip
"""All initialisers by name."""


def gain_of(gain: float | str) -> float:
    """The number that a gain stands for."""
    return GAINS[gain] if isinstance(gain, str) else gain


def parse(value: object) -> Initializer:
    """The initialiser that plain data describes: `zeros`, `0.01`, or `{normal: {std: 0.01}}`.

    Raises:
        ValueError: it describes none; a `pydantic.ValidationError` where its settings are wrong.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Constant.model_validate({"value": value})
    name: object = value
    settings: Any = {}
    if isinstance(value, dict) and len(value) == 1:
        ((name, settings),) = value.items()
    if not isinstance(name, str):
        raise ValueError("expected an initialiser: its name, a number, or `{name: {...}}`")
    kind = INITIALIZERS.get(name)
    if kind is None:
        raise ValueError(f"`{name}` is no initialiser; they are " + ", ".join(f"`{known}`" for known in INITIALIZERS))
    if not isinstance(settings, dict) and kind.shorthand is not None:
        settings = {kind.shorthand: settings}
    if not isinstance(settings, dict):
        raise ValueError(f"expected the settings of `{name}` as a mapping")
    return kind.model_validate(settings)
