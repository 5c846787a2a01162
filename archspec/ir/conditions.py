"""Conditions: what a shape rule demands of its inputs, decided where it can be and kept as data where it cannot.

A shape rule is handed a `Conditions` and calls its methods, which read as sentences: `must.be_positive(side, ...)`.
A demand that cannot hold becomes a `Failure` and the dim concerned becomes `UNKNOWN`, so that the rule can go on and
nothing downstream is reported again. A demand that holds at some sizes only is kept as a `Condition` on the input.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import lcm
from typing import Any, Literal, NoReturn, TypeAlias

from archspec.ir.dims import LIMIT, MAX_PERIOD, UNKNOWN, Dim, Size, are_equal, evaluate, period, symbols
from archspec.ir.types import TensorType


@dataclass(frozen=True, slots=True)
class Condition:
    """`dim` must be at least 1 (`positive`) or exactly 0 (`zero`), at the sizes the network is run at."""

    kind: Literal["positive", "zero"]
    dim: Size
    message: str
    """What is wrong when it does not hold."""

    def holds(self, sizes: Mapping[str, int]) -> bool | None:
        """Whether it holds at these sizes of the symbols; None when one is missing."""
        value = evaluate(self.dim, sizes)
        if not isinstance(value, int):
            return None
        return value >= 1 if self.kind == "positive" else value == 0

    def holds_in_a_batch(self, batch: Container[object]) -> bool:
        """Whether the batch is a factor of how many values there are, so that there are several in a batch of several.

        Args:
            batch: the symbols of the batch.
        """
        values = self.dim + 1
        return isinstance(values, Dim) and all(any(atom in batch for atom in factors) for factors, _ in values.terms)


@dataclass(frozen=True, slots=True)
class Failure:
    """A demand that the inputs do not meet."""

    name: str
    """Of the diagnostic: `shape-mismatch`, `side-not-positive`, `wrong-value`, ..."""
    message: str
    attribute: str | None = None
    """The attribute to underline; None for the item itself."""
    ports: tuple[int, ...] = ()
    """The inputs to label with their shapes; the first of several is the odd one out."""
    help: str | None = None
    axis: int | None = None
    """The only axis that is wrong, where the inputs have to agree."""


def follows(condition: Condition, promises: Sequence[Condition]) -> bool:
    """Whether a condition that a dim is 0 holds at every size that keeps all promises, as far as one symbol decides it.

    Exact: what holds at a size and at the next of the same residue holds at all of that residue.
    """
    names = symbols(condition.dim).union(*(symbols(promise.dim) for promise in promises))
    periods = [period(each.dim) for each in (condition, *promises)]
    if len(names) != 1 or any(each is None for each in periods):
        return False
    (name,) = names
    length = lcm(*(each for each in periods if each is not None))
    sizes = ({name: size} for size in range(1, 2 * min(length, MAX_PERIOD) + 1))
    return length <= MAX_PERIOD and all(
        condition.holds(at) for at in sizes if all(promise.holds(at) for promise in promises)
    )


class RuleStopped(Exception):
    """A shape rule cannot go on: its outputs are unknown."""


class ProbeError(Exception):
    """An op cannot be run to find the types that it gives; the text says why."""


Prober: TypeAlias = Callable[[Any, tuple[TensorType, ...]], tuple[TensorType, ...]]
"""Runs an op on inputs of some types to find those that it gives; raises `ProbeError`."""


class Conditions:
    """What one use of an op demands, and what came of it."""

    def __init__(self, prober: Prober | None = None) -> None:
        self.prober = prober
        """What may run an op that has no shape rule; None where nothing may."""
        self.failures: list[Failure] = []
        self.pending: list[Condition] = []
        self.doubts: list[tuple[Condition, Failure]] = []
        """The equalities among the pending conditions, each with what is wrong at the sizes where it does not hold."""
        self.of_training: list[Condition] = []
        """What has to hold in training mode only."""
        self.skipped = False
        """Whether something was not checked because an input was already in error."""

    def fail(
        self,
        name: str,
        message: str,
        *,
        attribute: str | None = None,
        ports: tuple[int, ...] = (),
        help: str | None = None,
        axis: int | None = None,
    ) -> None:
        """State a demand that is not met; the rule goes on."""
        self.failures.append(Failure(name, message, attribute, ports, help, axis))

    def refuse(
        self,
        name: str,
        message: str,
        *,
        attribute: str | None = None,
        ports: tuple[int, ...] = (),
        help: str | None = None,
    ) -> NoReturn:
        """State a demand that is not met and without which the rule cannot go on."""
        self.fail(name, message, attribute=attribute, ports=ports, help=help)
        raise RuleStopped

    def probe(self, op: Any, inputs: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
        """Run an op that has no shape rule, where that is allowed, and give the types that come out."""
        if not all(given.is_known for given in inputs):
            self.skipped = True
            raise RuleStopped
        if self.prober is None:
            self.refuse(
                "no-shape-rule",
                f"`{op.name}` has no shape rule, so that nothing is known of what it gives",
                help="`--probe` finds it by running the op at the nominal sizes; a method `infer` says it at all sizes",
            )
        try:
            return self.prober(op, inputs)
        except ProbeError as error:
            self.refuse(
                "failed-probe",
                f"`{op.name}` cannot be probed: {error}",
                ports=(0,) if inputs else (),
                help="give the inputs nominal sizes, such as `H=224`, where it needs them; or mend its package",
            )

    def have_rank(self, tensor: TensorType, *ranks: int, what: str, port: int = 0) -> None:
        """Demand one of some numbers of axes; `what` describes them: `[N, C, H, W]`."""
        if tensor.rank not in ranks:
            self.refuse("wrong-rank", f"{what} is needed here, but the input is {tensor}", ports=(port,))

    def be_floating(self, tensor: TensorType, *, op: str, port: int = 0) -> None:
        """Demand real numbers."""
        if not tensor.is_floating:
            self.refuse("wrong-dtype", f"`{op}` needs a floating-point input, but it is {tensor}", ports=(port,))

    def be_known(self, dim: Size, message: str, *, port: int = 0, help: str | None = None) -> int:
        """Demand a number where weights are sized by a dim; returns it."""
        if isinstance(dim, int):
            return dim
        if dim is UNKNOWN:
            self.skipped = True
            raise RuleStopped
        self.refuse("unknown-size", message, ports=(port,), help=help)

    def be_positive(
        self, side: Size, message: str, *, attribute: str | None = None, port: int = 0, help: str | None = None
    ) -> Size:
        """Demand at least 1 and fewer than 2**31; returns the side, or `UNKNOWN` after a failure."""
        if isinstance(side, int):
            if 1 <= side < LIMIT:
                return side
            if side >= LIMIT:
                self.fail(
                    "dim-limit", f"a side of {side} is more than the {LIMIT - 1} a tensor may have", ports=(port,)
                )
            else:
                self.fail("side-not-positive", message, attribute=attribute, ports=(port,), help=help)
            return UNKNOWN
        if side is UNKNOWN:
            self.skipped = True
        else:
            self.pending.append(Condition("positive", side, message))
        return side

    @contextmanager
    def in_training(self) -> Iterator[None]:
        """Take what is demanded meanwhile as demanded in training mode only, where it is kept and not decided."""
        before = len(self.pending)
        try:
            yield
        finally:
            self.of_training += self.pending[before:]
            del self.pending[before:]

    def be_several(self, values: Size, message: str) -> None:
        """Demand, in training mode, several values to take a statistic over; there has to be one a sample.

        A batch of two always has them, so that this binds no size of an input but that of the batch.
        """
        self.of_training.append(Condition("positive", values - 1, message))

    def be_equal(
        self, left: Size, right: Size, message: str, *, ports: tuple[int, ...] = (), help: str | None = None
    ) -> Size:
        """Demand two equal dims; returns the dim, or `UNKNOWN` after a failure."""
        if left is right or left == right:
            return left
        if left is UNKNOWN or right is UNKNOWN:
            self.skipped = True
            return right if left is UNKNOWN else left
        equal = are_equal(left, right)
        if equal:
            return left
        if equal is None:
            self.doubt(left - right, message, ports=ports)
            return left
        self.fail("shape-mismatch", message, ports=ports, help=help)
        return UNKNOWN

    def be_divisible(
        self,
        dim: Size,
        by: int,
        message: str,
        *,
        attribute: str | None = None,
        ports: tuple[int, ...] = (0,),
        help: str | None = None,
    ) -> None:
        """Demand a multiple of `by`."""
        rest = dim % by
        if rest is UNKNOWN:
            self.skipped = True
        elif isinstance(rest, Dim):
            self.doubt(rest, message, attribute=attribute, ports=ports)
        elif rest:
            self.fail("not-divisible", message, attribute=attribute, ports=ports, help=help)

    def doubt(self, dim: Size, message: str, *, attribute: str | None = None, ports: tuple[int, ...] = ()) -> None:
        """Keep the demand that `dim` is 0, which it is at some sizes only; `message` says what is wrong elsewhere."""
        condition = Condition("zero", dim, message)
        self.pending.append(condition)
        self.doubts.append((condition, Failure("size-dependent", message, attribute, ports)))
