"""What attributes are called elsewhere, for the help of a name that is none here."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

CALLED: Final[Mapping[str, str]] = {
    "approximation": "approximate",
    "axes": "axis",
    "axis": "axes",
    "bottom": "from",
    "channels": "features",
    "chunks": "parts",
    "condition": "if",
    "dilation_rate": "dilation",
    "dilations": "dilation",
    "dim": "axis axes",
    "dims": "axes shape",
    "dropout_p": "dropout",
    "downscale_factor": "factor",
    "drop_prob": "p",
    "drop_rate": "p dropout",
    "elementwise_affine": "affine",
    "embed_dim": "features",
    "embedding_dim": "features",
    "end_dim": "end",
    "epsilon": "eps",
    "features": "channels",
    "filters": "channels",
    "group": "groups",
    "head_dim": "head_size",
    "heads_kv": "kv_heads",
    "hidden_dim": "features",
    "hidden_features": "features",
    "hidden_size": "features",
    "input_dim": "tokens",
    "inputs": "from",
    "is_causal": "causal",
    "keepdim": "keep",
    "keepdims": "keep",
    "kernel_shape": "kernel",
    "kernel_size": "kernel",
    "key_dim": "head_size",
    "max_len": "tokens below",
    "max_length": "tokens below",
    "max_position_embeddings": "tokens below",
    "n_head": "heads",
    "n_heads": "heads",
    "n_layers": "depth",
    "name": "id",
    "negative_slope": "slope",
    "nhead": "heads",
    "num_embeddings": "tokens",
    "num_filters": "channels",
    "num_groups": "groups",
    "num_heads": "heads",
    "num_key_value_heads": "kv_heads",
    "num_kv_heads": "kv_heads",
    "num_layers": "depth",
    "num_output": "channels features",
    "num_units": "features",
    "out_channels": "channels",
    "out_dim": "features",
    "out_features": "features",
    "out_planes": "channels",
    "output_dim": "features",
    "output_shape": "output",
    "output_size": "size features",
    "pad": "padding",
    "padding_idx": "padding_index",
    "pads": "padding",
    "planes": "channels",
    "pool_size": "kernel",
    "prob": "p",
    "proj_size": "projection",
    "rate": "p dropout dilation",
    "ratio": "p",
    "repeats": "repeat",
    "scale_factor": "scale factor",
    "shape": "size output",
    "split_size": "sections",
    "split_size_or_sections": "sections parts",
    "start_dim": "start",
    "strides": "stride",
    "target_shape": "shape",
    "times": "repeat",
    "track_running_stats": "track",
    "units": "features",
    "upscale_factor": "factor",
    "use_bias": "bias",
    "vocab": "tokens",
    "vocab_size": "tokens",
}
"""By the name that torch, Keras, ONNX or Caffe use: what is meant here, the first of these that there is."""

_INFERRED: Final = "leave it out: the size of what comes in is inferred"
_UNNEEDED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "d_model", "embed_dim", "in_channels", "in_dim", "in_features", "in_planes", "in_size", "input_channels",
            "input_shape", "input_size", "kdim", "num_channels", "num_features", "vdim",
        ),
        _INFERRED,
    ),
    "activation": "an activation is an item of its own, as in `- relu`",
    "batch_first": "leave it out: the batch is the first axis always",
    "data_format": "leave it out: the channels are axis 1 always, as in [N, C, H, W]",
    "inplace": "leave it out: what it gives is the same",
    "return_sequences": "`gives` says it: `sequence` or `last`",
    "return_state": "`gives: states` gives them, too",
    "normalized_shape": "leave it out: the sizes are inferred, and `axes` says of which axes",
}  # fmt: skip
"""What to say of the attributes that nothing stands for here."""
_VALUES: Final[Mapping[tuple[str, object], str]] = {
    ("padding", "causal"): "put `pad: {begin: ...}` before it, of (kernel - 1) * dilation",
    ("padding", "none"): "`padding: valid` adds nothing",
    **{
        ("padding", mode): f"put `pad: {{mode: {mode}, ...}}` before it"
        for mode in ("reflect", "replicate", "circular")
    },
    ("padding", "zeros"): "what is added is 0 always; `padding` says how much",
}
"""What to write for the values that an attribute has elsewhere."""


def called_here(name: str, known: Container[str]) -> str | None:
    """Which of the known attributes is called `name` elsewhere; None where none is."""
    return next((here for here in CALLED.get(name, "").split() if here in known), None)


def why_not_here(name: str) -> str | None:
    """Why there is no attribute for what `name` is elsewhere; None where there may be one."""
    return _UNNEEDED.get(name)


def value_here(name: str, value: object) -> str | None:
    """What to write for a value that the attribute `name` has elsewhere; None where it has no such value."""
    return _VALUES.get((name, value)) if isinstance(value, str) else None
