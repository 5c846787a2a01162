"""Rules of the language that refuse what torch would run, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from archspec.ir.op import Op
from archspec.ir.types import TensorType

_When = Callable[[Op, Sequence[TensorType]], bool]


class Stated(NamedTuple):
    """A rule that is stricter than torch."""

    diagnostic: str
    reason: str
    when: _When


def stated(op: Op, inputs: Sequence[TensorType], diagnostic: str) -> Stated | None:
    """The rule that a refusal of what torch runs goes by."""
    return next((rule for rule in STATED if rule.diagnostic == diagnostic and rule.when(op, inputs)), None)


def _whole_numbers(op: Op, inputs: Sequence[TensorType]) -> bool:
    return any(not given.is_floating for given in inputs)


def _several_dtypes(op: Op, inputs: Sequence[TensorType]) -> bool:
    return len({given.dtype for given in inputs}) > 1


def _not_that_of_weights(op: Op, inputs: Sequence[TensorType]) -> bool:
    return op.name in _WITH_WEIGHTS and any(given.dtype != "float32" for given in inputs)


def _a_list_for_other_axes(op: Op, inputs: Sequence[TensorType]) -> bool:
    lists = [value for value in dict(op).values() if isinstance(value, tuple)]
    return any(len(value) != given.rank - 2 for value in lists for given in inputs)


def _ops(names: str) -> _When:
    return lambda op, inputs: op.name in names.split()


_WITH_WEIGHTS = ["affine", "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

STATED = (
    Stated("wrong-dtype", "what computes with real numbers is not given whole ones", _whole_numbers),
    Stated("wrong-dtype", "nothing is converted silently: joined tensors have one dtype", _several_dtypes),
    Stated("wrong-dtype", "weights are float32 as specs have them, and so is what they meet", _not_that_of_weights),
    Stated("wrong-value", "a list has a number for each spatial axis", _a_list_for_other_axes),
    Stated("wrong-value", "`parts` and `sections` say the same thing", _ops("split")),
    Stated(
        "same-padding",
        "`padding: same` keeps the size",
        _ops("conv conv_transpose max_pool max_pool_with_indices avg_pool unfold fold"),
    ),
    Stated("wrong-rank", "the first axis is the batch, the second the channels", _ops("linear affine unfold fold")),
    Stated(
        "wrong-rank",
        "space has one to three axes",
        _ops("global_avg_pool global_max_pool pad channel_shuffle crop_like"),
    ),
    Stated("wrong-rank", "a matrix has two axes", _ops("matmul")),
    Stated("wrong-axis", "an axis is one that is there", _ops("layer_norm rms_norm expand_like unsqueeze slice pad")),
    Stated("wrong-rank", "an image has four axes", _ops("pixel_shuffle pixel_unshuffle")),
    Stated("wrong-rank", "space is put back into as many axes", _ops("max_unpool")),
    Stated("shape-mismatch", "every value has an index", _ops("max_unpool")),
    Stated("wrong-value", "`scale` and `size` say the same thing", _ops("interpolate")),
    Stated("wrong-input-count", "a product of matrices has two factors", _ops("matmul")),
    Stated("shape-mismatch", "a list of constants has one for each channel", _ops("affine")),
    Stated("shape-mismatch", "an axis that is taken out is of size 1", _ops("squeeze")),
    Stated("index-out-of-range", "a slice lies within its axis", _ops("slice")),
    Stated("index-out-of-range", "numbers of places stay below what they are said to", _ops("positions")),
    Stated("wrong-value", "what is padded along one axis is padded with a number", _ops("pad")),
    Stated("not-divisible", "parts are equal, and as many as were asked for", _ops("split")),
)
