"""FLOPs: torch's counter, with the kernels of CPUs that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Final

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count


def flop_counter() -> FlopCounterMode:
    """A counter of the FLOPs of matrix products and convolutions, whichever kernels run them; use it in a `with`."""
    return FlopCounterMode(display=False, custom_mapping=KERNELS)


def _of_recurrent_layer(
    x: Sequence[int], from_input: Sequence[int], from_state: Sequence[int], *_: Any, **__: Any
) -> int:
    """One direction of one layer: at each of T places of N samples, an input and a state by a matrix each."""
    places, samples, _features = x
    return 2 * places * samples * (prod(from_input) + prod(from_state))


def _of_attention(query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: Any, **__: Any) -> int:
    flops: int = sdpa_flop_count(query, key, value)  # type: ignore[no-untyped-call]
    return flops


def _of_bilinear(x: Sequence[int], weight: Sequence[int], y: Sequence[int], *_: Any, **__: Any) -> int:
    """For each of N samples, x by a matrix of each of `features`, and what that gives by y."""
    return 2 * x[0] * (prod(weight) + weight[0] * y[-1])


KERNELS: Final = {
    torch.ops.aten._trilinear: _of_bilinear,
    torch.ops.aten.mkldnn_rnn_layer: _of_recurrent_layer,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _of_attention,
}
"""How many FLOPs a kernel has, by the shapes of its arguments: what the same without the kernel is counted as."""
