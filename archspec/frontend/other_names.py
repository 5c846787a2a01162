"""What ops are called elsewhere, for the help of a name that is no op here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from archspec.ops import ALSO, TABLE, plain_name

OTHER_NAMES: Final[Mapping[str, str]] = {
    "convolution": "conv", "dense": "linear", "fullyconnected": "linear", "fc": "linear", "innerproduct": "linear",
    "bn": "batch_norm", "batchnormalization": "batch_norm", "ln": "layer_norm", "layernormalization": "layer_norm",
    "gn": "group_norm", "groupnormalization": "group_norm", "lrn": "local_response_norm", "normalize": "l2_normalize",
    "l2norm": "l2_normalize", "unitnormalization": "l2_normalize", "lpnormalization": "l2_normalize",
    "averagepool": "avg_pool", "averagepooling": "avg_pool", "maxpooling": "max_pool", "maxpool": "max_pool",
    "globalaveragepooling": "global_avg_pool", "globalaveragepool": "global_avg_pool", "gap": "global_avg_pool",
    "globalmaxpooling": "global_max_pool", "adaptiveaveragepool": "adaptive_avg_pool", "concatenate": "concat",
    "cat": "concat", "merge": "concat", "depthconcat": "concat", "filterconcat": "concat", "plus": "add",
    "eltwise": "add", "residual": "add", "shortcut": "add", "skip": "add", "mul": "multiply", "bmm": "matmul",
    "dropoutnd": "channel_dropout", "spatialdropout": "channel_dropout", "embed": "embedding", "sequential": "sequence",
    "convtranspose": "conv_transpose", "convolutiontranspose": "conv_transpose", "deconv": "conv_transpose",
    "deconvolution": "conv_transpose", "simplernn": "rnn", "elman": "rnn", "bilstm": "lstm", "bigru": "gru",
    "cudnnlstm": "lstm", "cudnngru": "gru", "maxunpooling": "max_unpool", "unpooling": "max_unpool",
    "maxpoolwithargmax": "max_pool_with_indices", "powerpooling": "lp_pool", "instancenormalization": "instance_norm",
    "rmsnormalization": "rms_norm", "simplifiedlayernormalization": "rms_norm",
    "multiheadattention": "multi_head_attention", "mha": "multi_head_attention",
    "selfattention": "multi_head_attention", "multiheadselfattention": "multi_head_attention",
    "crossattention": "multi_head_attention", "groupedqueryattention": "multi_head_attention",
    "gqa": "multi_head_attention", "scaleddotproductattention": "attention", "sdpa": "attention",
    "dotproductattention": "attention", "shiftedwindowattention": "window_attention",
    "windowmultiheadattention": "window_attention", "positionalembedding": "position_embedding",
    "posembed": "position_embedding", "posembedding": "position_embedding",
    "positionalencoding": "sinusoidal_positions", "positionencoding": "sinusoidal_positions",
    "sinusoidalpositionalencoding": "sinusoidal_positions", "sinepositionencoding": "sinusoidal_positions",
    "rope": "rotary", "rotaryembedding": "rotary", "rotarypositionembedding": "rotary", "classtoken": "prepend_tokens",
    "clstoken": "prepend_tokens", "registertokens": "prepend_tokens", "upsample": "interpolate",
    "upsampling": "interpolate", "resize": "interpolate", "upsamplingnearest": "interpolate",
    "upsamplingbilinear": "interpolate", "depthtospace": "pixel_shuffle", "spacetodepth": "pixel_unshuffle",
    "focus": "pixel_unshuffle", "centercrop": "crop_like", "sub": "subtract", "div": "divide", "truediv": "divide",
    "dot": "matmul", "droppath": "stochastic_depth",
}  # fmt: skip
"""In lower case, without `_` and without the `2d` at the end."""


def called_here(name: str) -> str | None:
    """What the op is called here that torch, Keras, ONNX or Caffe call `name`; None when there is none."""
    plain = plain_name(name)
    here = {plain_name(op): op for op in TABLE} | ALSO | dict(OTHER_NAMES)
    return here.get(plain) or here.get(re.sub(r"[123]d\Z", "", plain))
