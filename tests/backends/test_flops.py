"""What a kernel is counted as is what torch counts where it runs the same without the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from archspec.backends.flops import flop_counter


def flops(run: Callable[[], Any]) -> int:
    with flop_counter() as counter:
        run()
    total: int = counter.get_total_flops()
    return total


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}])
def test_a_recurrent_kernel(settings: dict[str, Any], is_training: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = nn.LSTM(5, 4, batch_first=True, **settings).train(is_training)
    x = torch.randn(2, 3, 5)
    with torch.set_grad_enabled(is_training):
        fused = flops(lambda: layer(x))
        enabled = torch.backends.mkldnn.enabled
        monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
        unfused = flops(lambda: layer(x))
        monkeypatch.setattr(torch.backends.mkldnn, "enabled", enabled)
    assert fused == unfused > 0


def test_the_attention_of_processors() -> None:
    query, key = torch.randn(2, 3, 7, 8), torch.randn(2, 3, 5, 8)

    def attend() -> None:
        nn.functional.scaled_dot_product_attention(query, key, key)

    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        fused = flops(attend)
    with sdpa_kernel(SDPBackend.MATH):
        assert fused == flops(attend) > 0


def test_the_product_of_two_inputs_and_a_matrix() -> None:
    x, matrices, y = torch.randn(2, 3), torch.randn(5, 3, 4), torch.randn(2, 4)
    fused = flops(lambda: nn.functional.bilinear(x, y, matrices))
    unfused = flops(lambda: (x @ matrices.transpose(0, 1).flatten(1)).reshape(2, 5, 4) @ y[:, :, None])
    assert fused == unfused > 0
