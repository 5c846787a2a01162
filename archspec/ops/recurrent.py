"""Recurrent layers: sequences read place by place, each with what is remembered of those before it."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self, TypeAlias

from pydantic import model_validator

from archspec.ir.attributes import Count, Flag, Fraction, OptionalCount, one_of, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Kept, Op, Result, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._shared import bounded, bytes_of, changed, fixed, known_size, need_float32

_Gives: TypeAlias = Annotated[
    Literal["sequence", "last", "both", "states"], one_of("sequence", "last", "both", "states")
]
_MOST_LAYERS: Final = 1000
"""Each has weights with names of their own."""
_Nonlinearity: TypeAlias = Annotated[Literal["tanh", "relu"], one_of("tanh", "relu")]


class _Direction(NamedTuple):
    """One direction of one layer."""

    suffix: str
    """Of the names of its weights: `_l0`, `_l0_reverse`."""
    features: int
    """What it reads at every place."""


class _Recurrent(Op):
    """Base of the layers that read a sequence place by place."""

    category: ClassVar[str] = "recurrent"
    inputs: ClassVar[tuple[str, ...]] = ("x", "hidden")
    variadic: ClassVar[bool] = True
    shorthand: ClassVar[str | None] = "features"
    is_loop: ClassVar[bool] = True

    module: ClassVar[str]
    """The class of torch that it is."""
    gates: ClassVar[int]
    """How many vectors of `features` numbers it computes at every place."""
    saved: ClassVar[int]
    """How many vectors of every place the backward pass needs."""

    features: Count
    """How many numbers are remembered, in each direction: the hidden size."""
    depth: Count = 1
    """How many layers there are, each of which reads the sequence that the one before gives."""
    bidirectional: Flag = False
    """Whether every layer reads the sequence from its end, too, with other weights; what both give is concatenated."""
    bias: Flag = True
    """Whether learned numbers are added: two for every gate, as cuDNN has them."""
    dropout: Fraction = 0.0
    """The probability with which numbers between layers become 0 in training; it takes a `depth` above 1."""
    gives: _Gives = "sequence"
    """`sequence` is the last layer's state at every place, [N, T, features], twice as many if bidirectional; `last` its
    state once all is read, [N, features], the backward direction's that of the first place; `both` gives these two
    outputs, by these names; `states` gives `sequence` and, of every layer and direction, what another layer like it
    can begin with."""

    @model_validator(mode="after")
    def _layers_go_together(self) -> Self:
        if self.depth > _MOST_LAYERS:
            raise wrong_value("depth", f"at most {_MOST_LAYERS} layers")
        if self.dropout > 0 and self.depth == 1:
            raise wrong_value("dropout", "0, as `dropout` is between layers, and `depth` is 1")
        return self

    def output_names(self) -> tuple[str, ...]:
        several = {"both": ("sequence", "last"), "states": ("sequence", *self.inputs[1:])}
        return several.get(self.gives, ("",))

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType | tuple[TensorType, ...]:
        x, *states = inputs
        must.have_rank(x, 3, what="[N, T, features]")
        need_float32(must, x, self.name)
        known_size(must, x, 2, self.name, "features")
        must.be_positive(x.shape[1], f"`{self.name}` needs at least one place to read, but its input is {x}")
        if states:
            self._need_states(must, x, states)
        width = bounded(must, self._width())
        every = {
            "sequence": x.with_shape(*x.shape[:2], width),
            "last": x.with_shape(x.shape[0], width),
            **self._states(x),
        }
        given = tuple(every[name or self.gives] for name in self.output_names())
        return given if len(given) > 1 else given[0]

    def _states(self, x: TensorType) -> dict[str, TensorType]:
        """What goes from place to place, by name, of all layers and directions."""
        widths = {"hidden": self._given(), "cell": self.features}
        layers = self.depth * self._ways()
        return {name: x.with_shape(layers, x.shape[0], widths[name]) for name in self.inputs[1:]}

    def _need_states(self, must: Conditions, x: TensorType, states: Sequence[TensorType]) -> None:
        wanted = self._states(x)
        if len(states) != len(wanted):
            names = " and ".join(f"`{name}`" for name in wanted)
            must.refuse(
                "wrong-input-count",
                f"`{self.name}` begins with {names}, or with nothing, but is given {len(states)} beside its sequence",
            )
        for port, (name, kind, given) in enumerate(zip(wanted, wanted.values(), states, strict=True), 1):
            need_float32(must, given, self.name, port)
            must.have_rank(given, 3, what=f"a `{name}` of {kind}", port=port)
            for side, other in zip(given.shape, kind.shape, strict=True):
                message = f"`{self.name}` begins with a `{name}` of {kind}, but it is given {given}"
                must.be_equal(side, other, message, ports=(port, 0))

    def weights(self, x: TensorType, *states: TensorType) -> dict[str, Weight]:
        return {
            name + direction.suffix: Weight(shape)
            for direction in self._directions(x)
            for name, shape in self._shapes(direction.features).items()
        }

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        x = inputs[0]
        products = sum(
            rows * columns
            for direction in self._directions(x)
            for rows, columns in (shape for shape in self._shapes(direction.features).values() if len(shape) == 2)
        )
        return x.shape[0] * x.shape[1] * products

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        x, *states = inputs
        is_reordered = 1 not in x.shape[:2]  # torch reads place by place
        of_place = self._ways() * (fixed(x.shape[2]) * is_reordered + (self.depth - 1) * self._given())
        of_place += self.depth * self._ways() * self._saved() + (self.depth - 1) * self._width() * (self.dropout > 0)
        of_sample = self._saved_once() - (self._remembered() if states else 0)
        kept = range(int(is_reordered), len(inputs))
        return Kept(inputs=tuple(kept), extra=bytes_of(x.shape[0] * (x.shape[1] * of_place + of_sample), x))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        x, *states = inputs
        of_place = 2 * self.gates * self.features + (2 * self._width() if self.depth > 1 else 0)
        return bytes_of(x.shape[0] * (x.shape[1] * of_place + (0 if states else self._remembered())), x)

    def lower(self, x: TensorType, *states: TensorType) -> list[Step]:
        begun = tuple(Arg(port) for port in range(1, 1 + len(states)))
        beginning = (begun,) if len(begun) > 1 else begun
        steps = [Step("module", self._module(), (Arg(0), *beginning), self._settings(x))]
        given = [self._take(name or self.gives, steps) for name in self.output_names()]
        return [*steps, Step("function", "builtins.tuple", (given,))] if len(given) > 1 else steps

    def _take(self, name: str, steps: list[Step]) -> Result:
        """Append the steps that take an output out of what torch gives: a sequence, and the states after it."""
        if name == "sequence":
            return _then(steps, "function", "operator.getitem", Result(0), 0)
        state = _then(steps, "function", "operator.getitem", Result(0), 1)
        if len(self.inputs) > 2:
            state = _then(steps, "function", "operator.getitem", state, int(name == "cell"))
        if name != "last":
            return state
        if not self.bidirectional:
            return _then(steps, "method", "select", state, 0, -1)
        both = _then(steps, "method", "narrow", state, 0, -2, 2)
        return _then(steps, "method", "flatten", _then(steps, "method", "transpose", both, 0, 1), 1)

    def _module(self) -> str:
        return self.module

    def _settings(self, x: TensorType) -> dict[str, Any]:
        return {"input_size": x.shape[2], "hidden_size": self.features, "batch_first": True} | changed(
            num_layers=(self.depth, 1),
            bias=(self.bias, True),
            dropout=(self.dropout, 0.0),
            bidirectional=(self.bidirectional, False),
        )

    def _ways(self) -> int:
        return 2 if self.bidirectional else 1

    def _given(self) -> int:
        """How many numbers a direction gives at every place."""
        return self.features

    def _width(self) -> int:
        return self._ways() * self._given()

    def _saved(self) -> int:
        """How many numbers of every place a direction keeps for its backward pass, beyond what it reads."""
        return self.saved * self.features

    def _saved_once(self) -> int:
        """How many numbers a sample keeps, however long it is."""
        return 0

    def _remembered(self) -> int:
        """How many numbers a sample begins with."""
        return self.depth * self._width()

    def _directions(self, x: TensorType) -> Iterator[_Direction]:
        for layer in range(self.depth):
            for way in ("", "_reverse")[: self._ways()]:
                yield _Direction(f"_l{layer}{way}", self._width() if layer else fixed(x.shape[2]))

    def _shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        rows = self.gates * self.features
        biases = {"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {}
        return {"weight_ih": (rows, features), "weight_hh": (rows, self._given()), **biases}


def _then(steps: list[Step], kind: Literal["function", "method"], target: str, *args: Any) -> Result:
    steps.append(Step(kind, target, args))
    return Result(len(steps) - 1)


class LSTM(_Recurrent):
    """Remember by gates: what is forgotten, what is written and what is shown follow from what is read.

    Long short-term memory (Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al. 2000). Every sequence
    begins with an empty memory, or with the `hidden` and the `cell` that another one ended with.
    """

    name: ClassVar[str] = "lstm"
    also: ClassVar[tuple[str, ...]] = ("bilstm", "cudnnlstm")
    module: ClassVar[str] = "torch.nn.LSTM"
    gates: ClassVar[int] = 4
    inputs: ClassVar[tuple[str, ...]] = ("x", "hidden", "cell")
    saved: ClassVar[int] = 7

    projection: OptionalCount = None
    """To how many numbers, fewer than `features`, a learned matrix brings what is shown (Sak et al. 2014)."""

    @model_validator(mode="after")
    def _projection_is_smaller(self) -> Self:
        if self.projection is not None and self.projection >= self.features:
            raise wrong_value("projection", f"fewer than the {self.features} of `features`")
        return self

    def _module(self) -> str:
        return self.module if self.projection is None else "archspec.backends.composites.ProjectedLSTM"

    def _settings(self, x: TensorType) -> dict[str, Any]:
        return super()._settings(x) | changed(proj_size=(self.projection, None))

    def _given(self) -> int:
        return self.projection or self.features

    def _saved(self) -> int:
        return super()._saved() + (self.projection or 0)

    def _remembered(self) -> int:
        return super()._remembered() + self.depth * self._ways() * self.features

    def _shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        projecting = {} if self.projection is None else {"weight_hr": (self.projection, self.features)}
        return super()._shapes(features) | projecting


class GRU(_Recurrent):
    """Remember by two gates: how much is replaced, and how much of what was is seen in finding what by.

    Gated recurrent unit (Cho et al. 2014), with the reset gate after the product, as cuDNN has it. Every sequence
    begins with an empty memory, or with the `hidden` that another one ended with.
    """

    name: ClassVar[str] = "gru"
    also: ClassVar[tuple[str, ...]] = ("bigru", "cudnngru")
    module: ClassVar[str] = "torch.nn.GRU"
    gates: ClassVar[int] = 3
    saved: ClassVar[int] = 7


class RNN(_Recurrent):
    """Add what is read to what is remembered, each times a learned matrix, and take a nonlinearity (Elman 1990).

    Every sequence begins with an empty memory, or with the `hidden` that another one ended with.
    """

    name: ClassVar[str] = "rnn"
    also: ClassVar[tuple[str, ...]] = ("simplernn", "elman")
    module: ClassVar[str] = "torch.nn.RNN"
    gates: ClassVar[int] = 1
    saved: ClassVar[int] = 1

    nonlinearity: _Nonlinearity = "tanh"
    """What is taken of the sum: `tanh` or `relu`."""

    def _saved_once(self) -> int:
        return self._remembered()

    def _settings(self, x: TensorType) -> dict[str, Any]:
        return super()._settings(x) | changed(nonlinearity=(self.nonlinearity, "tanh"))


_SEQUENCE = TensorType((2, 3, 5))
_DEEP: dict[str, Any] = {"features": 4, "depth": 2, "bidirectional": True, "dropout": 0.5}

_BEGUN = (_SEQUENCE, TensorType((1, 2, 4)))
_BEGUN_DEEP = (_SEQUENCE, TensorType((4, 2, 4)))

_COMMON = (
    Example({"features": 4}, (_SEQUENCE,)),
    Example({"features": 3, "bias": False}, (TensorType((1, 4, 1)),)),
    Example({"features": 3, "gives": "last"}, (TensorType((3, 1, 2)),)),
    Example(_DEEP, (_SEQUENCE,)),
    Example(_DEEP | {"gives": "last"}, (_SEQUENCE,)),
    Example(_DEEP | {"gives": "both", "bias": False}, (_SEQUENCE,)),
)
LSTM.examples = (
    *_COMMON,
    Example({"features": 4, "projection": 3}, (_SEQUENCE,)),
    Example(_DEEP | {"gives": "states", "projection": 2}, (_SEQUENCE,)),
    Example({"features": 4}, (*_BEGUN, _BEGUN[1])),
    Example(_DEEP | {"projection": 3}, (_SEQUENCE, TensorType((4, 2, 3)), _BEGUN_DEEP[1])),
)
GRU.examples = (
    *_COMMON,
    Example({"features": 2, "depth": 3}, (_SEQUENCE,)),
    Example({"features": 4}, _BEGUN),
    Example(_DEEP | {"gives": "states"}, _BEGUN_DEEP),
)
RNN.examples = (
    *_COMMON,
    Example({"features": 4, "nonlinearity": "relu", "gives": "states"}, (_SEQUENCE,)),
    Example(_DEEP, _BEGUN_DEEP),
)
