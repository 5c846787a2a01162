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
    return type(op).weights is not Op.weights and any(given.dtype != "float32" for given in inputs)


def _a_list_for_other_axes(op: Op, inputs: Sequence[TensorType]) -> bool:
    lists = [value for value in dict(op).values() if isinstance(value, tuple)]
    return any(len(value) != given.rank - 2 for value in lists for given in inputs)


def _ops(names: str) -> _When:
    return lambda op, inputs: op.name in names.split()


def _always(op: Op, inputs: Sequence[TensorType]) -> bool:
    return True


_IN_SPACE = _ops("global_avg_pool global_max_pool pad drop_block crop_like max_unpool channel_shuffle")
_OF_SEQUENCES = _ops("multi_head_attention sinusoidal_positions position_embedding")
_WITH_VALUES = _ops("attention multi_head_attention")

STATED = (
    Stated("wrong-dtype", "what computes with real numbers is not given whole ones", _whole_numbers),
    Stated("wrong-dtype", "nothing is converted silently: joined tensors have one dtype", _several_dtypes),
    Stated("wrong-dtype", "weights are float32 as specs have them, and so is what they meet", _not_that_of_weights),
    Stated("wrong-dtype", "images are smoothed in full precision, of any size", _ops("interpolate")),
    Stated("wrong-input-count", "an op joins as many inputs as it says", _always),
    Stated("wrong-value", "a list has a number for each spatial axis", _a_list_for_other_axes),
    Stated("wrong-value", "a thing is said in one way", _ops("split layer_norm rms_norm interpolate")),
    Stated("wrong-value", "the lower bound is not above the upper one", _ops("clamp")),
    Stated("wrong-value", "`dropout` is between layers, and so there are several", _ops("rnn gru lstm")),
    Stated("wrong-value", "windows are shifted by less than their side", _ops("window_attention")),
    Stated("wrong-value", "features are turned in pairs", _ops("rotary")),
    Stated("wrong-value", "a margin of other than a constant is put around space", _ops("pad")),
    Stated("same-padding", "`padding: same` keeps the size", _always),
    Stated("wrong-rank", "the first axis is the batch", _ops("linear affine feature_alpha_dropout")),
    Stated("wrong-rank", "space has one to three axes", _IN_SPACE),
    Stated("wrong-rank", "an image has two axes in space", _ops("pixel_shuffle pixel_unshuffle fold unfold")),
    Stated("wrong-rank", "a matrix has two axes", _ops("matmul")),
    Stated("wrong-rank", "what attends has heads, places and features", _ops("attention rotary")),
    Stated("wrong-rank", "a sequence has a batch", _OF_SEQUENCES),
    Stated("wrong-axis", "an axis is one that is there", _ops("layer_norm rms_norm expand_like layer_scale slice pad")),
    Stated("wrong-axis", "a new axis is one of the output", _ops("unsqueeze")),
    Stated("shape-mismatch", "a list of constants has one for each channel", _ops("affine")),
    Stated("shape-mismatch", "keys go with as many values, and nothing is repeated", _WITH_VALUES),
    Stated("shape-mismatch", "an axis that is taken away has a size of 1", _ops("squeeze")),
    Stated("shape-mismatch", "there is an index for every value", _ops("max_unpool")),
    Stated("not-divisible", "parts are equal, and as many as were asked for", _ops("split glu multi_head_attention")),
    Stated("index-out-of-range", "what is asked for is there", _ops("rotary position_embedding positions slice")),
    Stated("side-not-positive", "what is cut out lies within", _ops("crop_like")),
    Stated("side-not-positive", "a window sees more than padding", _ops("max_pool max_pool_with_indices")),
    Stated("side-not-positive", "one number has no variance", _ops("variance")),
)
