"""Op: the one class an operation subclasses, and the steps as data that it lowers to.

An op is declared once. Its fields are its attributes (the string under each is its documentation); its methods are
its rules. Everything else is derived: validation, the JSON Schema, `archspec ops`, the docs, shape inference, costs,
the module that runs. Ops never import torch.
"""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.types import TensorType

Types: TypeAlias = TensorType | tuple[TensorType, ...]
"""What an op gives: one tensor, or one a port."""


class Weight(NamedTuple):
    """A tensor that belongs to a node."""

    shape: tuple[int, ...]
    kind: Literal["parameter", "buffer", "constant"] = "parameter"
    """Learned; state that is saved but not learned; or a fixed value that is no part of the `state_dict`."""
    dtype: str = "float32"
    value: float | tuple[float, ...] = 0.0
    """What a weight that no torch module makes starts from: one number, or one for each element."""

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Arg:
    """The value of an input of the node, by index."""

    index: int


@dataclass(frozen=True, slots=True)
class Rest:
    """All inputs of the node from an index on, as a list: what `torch.cat` takes."""

    index: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What an earlier step of the same node gave, by index."""

    index: int


@dataclass(frozen=True, slots=True)
class Step:
    """One torch call, as data: any backend can read it.

    `kind` says how `target` is called:
    `module`    `target` is a class (`torch.nn.Conv2d`), made once with `settings` and registered at the node's path
                (or at `name` below it), then called with `args`;
    `function`  `target` is a function (`torch.nn.functional.relu`), called with `args` and `settings`;
    `method`    `target` is a method of the first of `args` (`flatten`);
    `weight`    reads the weight called `name` that `Op.weights` declares.
    `args` hold `Arg`, `Rest`, `Result`, or constants.
    """

    kind: Literal["module", "function", "method", "weight"]
    target: str = ""
    args: tuple[Any, ...] = (Arg(0),)
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


class Window(NamedTuple):
    """What a place of an output sees of its input along one spatial axis."""

    size: int
    """The places from the first that it sees to the last: `dilation * (kernel - 1) + 1`."""
    stride: int = 1
    """How far the next place of the output sees further on."""
    before: int = 0
    """Padding before the first place of the input."""


Sight: TypeAlias = Literal["here", "around", "everywhere"] | tuple[Window, ...]
"""What a place of an output sees of the spatial axes of every input: the same place, all of it, a window an axis, or
`around` it what is no window, as one place sees more than another."""

KnownSign: TypeAlias = Literal["never negative", "kept"]
"""What is known of the sign of what an op gives: it is nothing below 0 whatever it reads, or where it reads nothing
below 0; in both modes, whatever its weights are."""


class Kept(NamedTuple):
    """What a use of an op keeps for its backward pass, weights aside."""

    inputs: tuple[int, ...] = ()
    """The inputs that it keeps, by index."""
    outputs: bool | tuple[int, ...] = False
    """Whether it keeps what it gives; where it keeps some of its outputs, these, by index."""
    extra: Size = 0
    """Bytes of tensors of its own: masks, indices, statistics."""


@dataclass(frozen=True, slots=True)
class Example:
    """A use of an op that the contract test runs: attributes and the types of the inputs."""

    attributes: Mapping[str, Any]
    inputs: tuple[TensorType, ...]
    below: int = 8
    """Integer inputs are drawn from 0 to this, exclusive."""


class Op(BaseModel):
    """Base of every operation: its fields are its attributes, its methods its rules.

    An attribute cannot be called like a class variable or a method here, or like a reserved key of an item.
    Inputs are `TensorType`s; an op that has a fixed number of them names them: `infer(self, must, x)`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, use_attribute_docstrings=False, allow_inf_nan=False
    )

    name: ClassVar[str] = ""
    """What specs call it; empty for a base class."""
    category: ClassVar[str] = ""
    """Groups ops in pictures and docs: convolution, pooling, normalization, activation, merge, shape, linear, ..."""
    inputs: ClassVar[tuple[str, ...]] = ("x",)
    """The names of its inputs; empty for a source."""
    variadic: ClassVar[bool] = False
    """Whether it takes any number of inputs, at least one: the ops that may hold `branches`."""
    also: ClassVar[tuple[str, ...]] = ()
    """What torch, Keras, ONNX, Caffe and papers call it: in lower case, without `_`, and without the `2d` at the end
    where those of all ranks are one op. Whoever writes one of these is told the name of the op in the catalogue. An op
    does not inherit them."""
    shorthand: ClassVar[str | None] = None
    """The attribute that `- op: value` sets."""
    keeps_values: ClassVar[bool] = False
    """Whether every number that comes out came in: what bounds the inputs bounds the outputs."""
    linear: ClassVar[bool] = False
    """What `is_linear` says, where attributes make no difference."""
    sign: ClassVar[KnownSign | None] = None
    """What `gives_sign` says, where attributes make no difference."""
    bends_below_0: ClassVar[bool] = False
    """Whether it changes numbers below 0 alone, and gives back whatever is 0 or more, in both modes."""
    noise: ClassVar[bool] = False
    """Whether it makes noise while training, and gives back its input in eval mode, whatever its attributes are."""
    shape_only: ClassVar[tuple[int, ...]] = ()
    """The inputs, by index, of which only the shape counts: what they hold makes no difference."""
    sight: ClassVar[Literal["here", "around", "everywhere"] | None] = None
    """What `sees` says of any input, where it is always the same."""
    is_loop: ClassVar[bool] = False
    """Whether torch runs it as many small calls or as one kernel, as the machine has it: `keeps` is then of the calls,
    and `scratch`, which is otherwise exact, is about what they take."""
    examples: ClassVar[tuple[Example, ...]] = ()

    def output_names(self) -> tuple[str, ...]:
        """The names of its ports; one unnamed port by default."""
        return ("",)

    def index_bound(self) -> int | None:
        """What its whole-number input has to stay below, as rows of a table are numbered; None where any will do."""
        return None

    def gives_below(self) -> int | None:
        """What the whole numbers that it makes stay below; None where that is not known."""
        return None

    def is_linear(self) -> bool:
        """Whether, in eval mode, it is linear in all that it reads together, or adds a constant to what is."""
        return self.linear

    def gives_sign(self) -> KnownSign | None:
        """What is known of the sign of what it gives."""
        return self.sign or ("kept" if self.keeps_values or self.bends_below_0 else None)

    def does_nothing(self, *inputs: Any) -> tuple[str, ...]:
        """The attributes that make it give back its first input, at all sizes and in both modes; empty where none do.

        `branches` stands for a join of one. The op called `identity` says none, as it is meant to be one.
        """
        return ()

    @abstractmethod
    def infer(self, must: Conditions, *inputs: Any) -> Types:
        """The shape rule: the types of the outputs, having stated on `must` what the inputs have to satisfy."""

    def weights(self, *inputs: Any) -> dict[str, Weight]:
        """The weights by name below the node's path; the name `""` is the path itself."""
        return {}

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        """Multiply-accumulates of matrix products and convolutions: half the FLOPs of torch's `FlopCounterMode`."""
        return 0

    def sees(self, *inputs: Any) -> Sight | None:
        """What a place of the output sees of [N, C, ...spatial axes]; None where places are no longer told apart.

        Statistics that a normalisation takes over space do not count, as in the literature on receptive fields.
        """
        return self.sight

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        """What it keeps for its backward pass in training mode, of what torch saves; by default all it was given."""
        return Kept(inputs=tuple(range(len(inputs))))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        """Bytes beyond those of inputs and outputs that it holds in eval mode, when it holds most of them.

        They are tensors between its torch calls and within them; what a kernel allocates for itself is not counted.
        """
        return 0

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        """Whether what it gives lies in the memory of its first input, and takes none of its own."""
        return False

    @abstractmethod
    def lower(self, *inputs: Any) -> list[Step]:
        """The torch calls that compute it; the last one gives the output, a tuple where there are several ports."""


class Probed(Op):
    """Base of an op without a shape rule: what it gives is found by running its steps, where that is allowed.

    The steps run on tensors without memory at the nominal sizes of the inputs. Nothing is known at other sizes.
    """

    def infer(self, must: Conditions, *inputs: Any) -> Types:
        """What a run gives; refused where nothing may be run."""
        types = must.probe(self, inputs)
        return types if len(types) > 1 else types[0]
