"""Channel affine: the ops that, in eval mode, multiply every channel (axis 1) by a number and add one to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from archspec.ir.graph import Node
from archspec.ir.types import TensorType
from archspec.ops.arithmetic import Affine, LayerScale, Scale
from archspec.ops.normalization import BatchNorm
from archspec.passes.rewrite import Rewrite
from archspec.passes.weight_values import Constant, WeightValue, add, divide, multiply, reshape, root, subtract


class ChannelAffine(NamedTuple):
    """`x * scale + shift`, with a number for each channel of either; None for one that does nothing."""

    scale: WeightValue | None
    shift: WeightValue | None


_Reader = Callable[[Rewrite, Node, int], ChannelAffine | None]


def channel_affine(rewrite: Rewrite, node: Node) -> ChannelAffine | None:
    """What a node multiplies by and adds to the channels of what it reads; None where it does something else."""
    read = _READERS.get(type(node.op))
    if read is None or len(node.inputs) != 1:
        return None
    channels = _channels(node.types[0])
    return read(rewrite, node, channels) if channels is not None else None


def _channels(given: TensorType) -> int | None:
    channels = given.shape[1] if given.rank > 1 and given.dtype == "float32" else None
    return channels if isinstance(channels, int) else None


def _batch_norm(rewrite: Rewrite, node: Node, channels: int) -> ChannelAffine | None:
    """`(x - mean) / sqrt(variance + eps) * weight + bias`, of averages (Ioffe and Szegedy 2015, algorithm 2)."""
    op = node.resolved
    assert isinstance(op, BatchNorm)
    if not op.track:
        return None
    spread = root(add(rewrite.value(node, "running_var"), Constant((channels,), op.eps)))
    scale = divide(rewrite.value(node, "weight") if op.affine else Constant((channels,), 1.0), spread)
    moved = multiply(rewrite.value(node, "running_mean"), scale)
    return ChannelAffine(scale, subtract(rewrite.value(node, "bias") if op.affine else Constant((channels,)), moved))


def _scale(rewrite: Rewrite, node: Node, channels: int) -> ChannelAffine:
    op = node.resolved
    assert isinstance(op, Scale)
    return ChannelAffine(Constant((channels,), op.factor), None)


def _affine(rewrite: Rewrite, node: Node, channels: int) -> ChannelAffine:
    op = node.resolved
    assert isinstance(op, Affine)
    scale, shift = (None if given is None else Constant((channels,), given) for given in (op.scale, op.shift))
    return ChannelAffine(scale, shift)


def _layer_scale(rewrite: Rewrite, node: Node, channels: int) -> ChannelAffine | None:
    op = node.resolved
    assert isinstance(op, LayerScale)
    if op.axis % node.types[0].rank != 1:
        return None
    return ChannelAffine(reshape(rewrite.value(node, ""), (channels,)), None)


_READERS: Mapping[Any, _Reader] = {BatchNorm: _batch_norm, Scale: _scale, Affine: _affine, LayerScale: _layer_scale}
