"""Random specs with much for passes to find, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.fuzz.graph_specs import Spec, random_sound_spec
from tests.fuzz.rows import Named, Row, Rows, Writer

_KINDS = (
    ("conv", "conv_transpose", "linear"),
    ("batch_norm", "scale", "affine", "layer_scale"),
    ("avg_pool", "max_pool"),
    ("relu", "relu6", "hardtanh", "leaky_relu", "hardswish", "hardsigmoid", "silu", "gelu", "sigmoid", "tanh", "elu"),
    ("add", "multiply", "identity", "dropout", "split", "flatten", "prelu", "softmax", "glu"),
)
"""The ops that passes rewrite, and some that they must not."""
_SHARE = 0.8
"""How many specs are made of these and of patterns alone."""


def random_pass_spec(random: Random) -> Spec:
    """A spec that ought to be accepted; most are made of what passes rewrite."""
    return random_sound_spec(random, PatternWriter if random.random() < _SHARE else Writer)


@dataclass(slots=True)
class PatternWriter(Writer):
    """Writes rows that stand beside each other in networks, and that passes look for."""

    def _makers(self, depth: int) -> Sequence[Any]:
        patterns = [self._folding, self._shifting, self._pooling, *([self._merging, self._summing] if depth else [])]
        return [*Writer._makers(self, depth), *patterns * 2]

    def _kinds(self) -> Sequence[Sequence[type[Op]]]:
        return _kinds()

    def _folding(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """A convolution, factors, and mostly an activation."""
        return self._typed(
            [self._filters(given), *self._some(self._factor, 2), *self._some(self._activation, 1)], given
        )

    def _shifting(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """Factors, then a convolution."""
        return self._typed([*self._some(self._factor, 2), self._filters(given)], given)

    def _pooling(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """Pools, then convolutions of kernel 1."""
        return self._typed([*self._some(self._pool, 2), *self._some(lambda: self._pointwise(given), 2)], given)

    def _merging(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """Branches that begin with convolutions of kernel 1, joined."""
        activation = self._activation()
        branches = [
            [self._pointwise(given), *self.random.choice([[], [activation], [self._activation()]])]
            for _ in range(self.random.randint(2, 4))
        ]
        return self._typed([self._row("concat", {"branches": self._branches(branches)})], given)

    def _summing(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """A residual: a branch that ends in a convolution, and nothing or another one beside it."""
        last = {"conv": {"channels": _channels(given), "kernel": 3, "padding": "same"}}
        branches = [[*self._some(self._activation, 1), last], self.random.choice([[], [], self._again([last])])]
        self.random.shuffle(branches)
        return self._typed(
            [self._row("add", {"branches": self._branches(branches)}), *self._some(self._activation, 1)], given
        )

    def _some(self, make: Any, most: int) -> list[Row]:
        return [make() for _ in range(self.random.randint(0, most) or 1)]

    def _filters(self, given: TensorType) -> Row:
        channels = _channels(given)
        groups = self.random.choice([1, 1, 1, 2, channels])
        own = {
            "channels": groups * self.random.randint(1, 3),
            "kernel": self.random.choice([1, 2, 3]),
            "groups": groups,
            "stride": self.random.choice([1, 1, 2]),
            "padding": self.random.choice([0, 0, 0, 1]),
            "bias": self.random.random() < 0.5,
        }
        return self._row(self.random.choice(["conv", "conv", "conv_transpose"]), own)

    def _pointwise(self, given: TensorType) -> Row:
        own = {"channels": self.random.choice([1, 1, 2, 4, 6]), "kernel": 1, "bias": self.random.random() < 0.5}
        return self._row("conv", own)

    def _factor(self) -> Row:
        numbers = {"scale": self.random.choice([-2, 0.5, 3]), "shift": self.random.choice([-1, 0.25])}
        affine = {name: numbers[name] for name in self.random.choice([["scale"], ["shift"], ["scale", "shift"]])}
        flags = {name: False for name in ("affine", "track") if self.random.random() < 0.15}
        return self.random.choice(
            [
                self._row("batch_norm", flags),
                self._row("batch_norm", {}),
                self._row("affine", affine),
                self._row("scale", {"factor": self.random.choice([-0.5, 2])}),
                self._row("layer_scale", {"axis": self.random.choice([1, 1, -1])}),
            ]
        )

    def _activation(self) -> Row:
        return self._row(self.random.choice(_KINDS[3]), {})

    def _pool(self) -> Row:
        side = self.random.choice([2, 3, 3])
        counted = {name: True for name in ("count_include_pad", "ceil_mode") if self.random.random() < 0.4}
        own = {"kernel": side, "stride": self.random.choice([1, 1, 1, 2]), "padding": self.random.randint(0, side // 2)}
        name = self.random.choice(["avg_pool", "avg_pool", "avg_pool", "max_pool"])
        return self._row(name, own | (counted if name == "avg_pool" else {}))


def _channels(given: TensorType) -> int:
    """The channels of what is read; 1 where there are none, or not a number of them."""
    found = given.shape[1] if given.rank > 1 else 1
    return found if isinstance(found, int) else 1


@cache
def _kinds() -> tuple[tuple[type[Op], ...], ...]:
    return tuple(tuple(kind for name in names if (kind := find(name)) is not None) for names in _KINDS)
