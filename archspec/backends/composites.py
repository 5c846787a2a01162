"""What ops do that torch has no one call for. Each stands by itself: it depends on torch and on nothing else here."""

from __future__ import annotations

from threading import Lock

import torch
from torch import Tensor, nn
from torch.nn import functional


class ScaledDotProductAttention(nn.Module):
    """`torch.nn.functional.scaled_dot_product_attention` with an order beside a mask, and dropout in training only."""

    def __init__(self, dropout: float, causal: bool = False, scale: float | None = None, grouped: bool = False) -> None:
        super().__init__()
        self.dropout = dropout
        self.causal = causal
        self.scale = scale
        self.grouped = grouped

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend: [..., heads, T, features] to [..., heads, S, features]."""
        if mask is not None and self.causal:
            mask = self._in_order(mask, query.shape[-2], key.shape[-2])
        return functional.scaled_dot_product_attention(
            query,
            key,
            value,
            mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal and mask is None,
            scale=self.scale,
            enable_gqa=self.grouped,
        )

    def _in_order(self, mask: Tensor, queries: int, keys: int) -> Tensor:
        """A mask that hides what comes later, too."""
        later = torch.ones(queries, keys, dtype=torch.bool, device=mask.device).triu(1)
        return mask.masked_fill(later, False if mask.dtype == torch.bool else -torch.inf)


class MultiHeadAttention(nn.Module):
    """Attention with learned projections: the keys, shapes and first values of `torch.nn.MultiheadAttention`.

    One weight projects to queries, keys and values where all of them are made of equally many features.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        kv_heads: int,
        head_size: int,
        key_features: int,
        value_features: int,
        causal: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.head_size = head_size
        self.rows = [heads * head_size, kv_heads * head_size, kv_heads * head_size]
        self.causal = causal
        self.dropout = dropout
        self.grouped = kv_heads != heads
        self.is_packed = key_features == value_features == features
        if self.is_packed:
            self.in_proj_weight = nn.Parameter(torch.empty(sum(self.rows), features))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(self.rows[0], features))
            self.k_proj_weight = nn.Parameter(torch.empty(self.rows[1], key_features))
            self.v_proj_weight = nn.Parameter(torch.empty(self.rows[2], value_features))
        self.in_proj_bias = nn.Parameter(torch.zeros(sum(self.rows))) if bias else None
        self.out_proj = nn.Linear(self.rows[0], features, bias=bias)
        if self.out_proj.bias is not None:
            nn.init.zeros_(self.out_proj.bias)
        for weight in self._projections():
            nn.init.xavier_uniform_(weight)

    def forward(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Attend from [..., T, features] to itself, or to `key`; what is gathered is `value`, by default the `key`."""
        merged = self._attend(self._project(query, key, value), mask).transpose(-3, -2).flatten(-2)
        output: Tensor = self.out_proj(merged)
        return output

    def _projections(self) -> list[Tensor]:
        if self.is_packed:
            return [self.in_proj_weight]
        return [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]

    def _project(self, query: Tensor, key: Tensor | None, value: Tensor | None) -> tuple[Tensor, ...]:
        if key is None:
            return torch.split(functional.linear(query, self.in_proj_weight, self.in_proj_bias), self.rows, dim=-1)
        weights = torch.split(self.in_proj_weight, self.rows) if self.is_packed else self._projections()
        biases = [None] * 3 if self.in_proj_bias is None else torch.split(self.in_proj_bias, self.rows)
        sources = (query, key, key if value is None else value)
        return tuple(functional.linear(*each) for each in zip(sources, weights, biases, strict=True))

    def _attend(self, projected: tuple[Tensor, ...], mask: Tensor | None) -> Tensor:
        query, key, value = map(self._in_heads, projected)
        if mask is not None and self.causal:
            mask = self._in_order(mask, query.shape[-2], key.shape[-2])
        return functional.scaled_dot_product_attention(
            query,
            key,
            value,
            mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal and mask is None,
            enable_gqa=self.grouped,
        )

    def _in_order(self, mask: Tensor, queries: int, keys: int) -> Tensor:
        """A mask that hides what comes later, too."""
        later = torch.ones(queries, keys, dtype=torch.bool, device=mask.device).triu(1)
        return mask.masked_fill(later, False if mask.dtype == torch.bool else -torch.inf)

    def _in_heads(self, projected: Tensor) -> Tensor:
        return torch.unflatten(projected, -1, (-1, self.head_size)).transpose(-3, -2)


class WindowAttention(nn.Module):
    """Attention within windows of [N, H, W, C], shifted or not, with learned biases by relative position.

    The keys, shapes, first values and numbers of `torchvision.models.swin_transformer.ShiftedWindowAttention`.
    """

    relative_position_index: Tensor

    def __init__(
        self,
        features: int,
        heads: int,
        window: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.shift = shift
        self.dropout = dropout
        self.qkv = nn.Linear(features, 3 * features, bias=bias)
        self.proj = nn.Linear(features, features, bias=bias)
        height, width = window
        self.relative_position_bias_table = nn.Parameter(torch.empty((2 * height - 1) * (2 * width - 1), heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        rows, columns = torch.arange(height).repeat_interleave(width), torch.arange(width).repeat(height)
        down, right = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
        self.register_buffer("relative_position_index", (down * (2 * width - 1) + right).flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Attend; the shape stays. A side that windows do not fill is filled up with zeros, which take part."""
        high, wide = x.shape[1:3]
        height, width = self.window
        x = functional.pad(x, (0, 0, 0, -wide % width, 0, -high % height))
        samples, *sides = x.shape[:3]
        # One window that covers a side has no neighbours to reach by a shift.
        shift = [step if side > reach else 0 for step, side, reach in zip(self.shift, sides, self.window, strict=True)]
        if any(shift):
            x = x.roll((-shift[0], -shift[1]), (1, 2))
        x = self._in_windows(x)
        x = self.qkv(x)
        x = self._attend(x, self._mask(samples, sides, shift))
        x = torch.unflatten(self.proj(x.transpose(1, 2).flatten(2)), 1, self.window)
        x = torch.unflatten(x, 0, (samples, sides[0] // height, sides[1] // width))
        x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        if any(shift):
            x = x.roll((shift[0], shift[1]), (1, 2))
        return x[:, :high, :wide].contiguous()

    def _in_windows(self, x: Tensor) -> Tensor:
        """[N, H, W, C] as [windows, places, C]."""
        x = torch.unflatten(torch.unflatten(x, 2, (-1, self.window[1])), 1, (-1, self.window[0]))
        return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)

    def _attend(self, projected: Tensor, mask: Tensor) -> Tensor:
        """[windows, places, 3C] to [windows, heads, places, features]."""
        query, key, value = torch.unflatten(projected, -1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        return functional.scaled_dot_product_attention(query, key, value, mask, dropout_p=dropout)

    def _mask(self, samples: int, sides: list[int], shift: list[int]) -> Tensor:
        """What is added to scores: a bias by relative position and, beyond a border that a shift brought in, -100."""
        places = self.window[0] * self.window[1]
        bias = self.relative_position_bias_table[self.relative_position_index]
        bias = bias.view(places, places, -1).permute(2, 0, 1).unsqueeze(0)
        if not any(shift):
            return bias
        return (bias - 100 * self._apart(sides, shift, bias)).repeat(samples, 1, 1, 1)

    def _apart(self, sides: list[int], shift: list[int], like: Tensor) -> Tensor:
        """1 for every two places of a window that a shift brought together from opposite borders, else 0."""
        rows, columns = (torch.arange(side, device=like.device) for side in sides)
        border = 2 * (rows >= sides[0] - shift[0])[:, None] + (columns >= sides[1] - shift[1])
        border = self._in_windows(border[None, :, :, None])
        return (border != border.transpose(1, 2)).unsqueeze(1).to(like.dtype)


class StochasticDepth(nn.Module):
    """Noise of `torchvision.ops.StochasticDepth`: whole samples, or the whole batch, become 0 while training."""

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Drop; what is kept is divided by the chance of being kept."""
        if not self.training or self.p == 0:
            return x
        samples = x.shape[0] if self.mode == "row" else 1
        noise = x.new_empty((samples, *[1] * (x.ndim - 1))).bernoulli_(1 - self.p)
        return x * (noise.div_(1 - self.p) if self.p < 1 else noise)


class DropBlock(nn.Module):
    """Noise of `torchvision.ops.DropBlock2d`, for one to three axes of space: blocks become 0 while training."""

    def __init__(self, p: float, size: int = 7, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = p
        self.size = size
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Drop; what is kept is multiplied so that its sum stays the same on average."""
        if not self.training or self.p == 0:
            return x
        axes, half = x.ndim - 2, self.size // 2
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[axes - 1]
        centres = x.new_empty((*x.shape[:2], *(side - self.size + 1 for side in x.shape[2:])))
        chance = self.p * x.shape[2:].numel() / (self.size**axes * centres.shape[2:].numel())
        blocks = functional.pad(centres.bernoulli_(chance), [half] * 2 * axes)
        kept = 1 - pool(blocks, self.size, 1, half)
        return x * kept * (kept.numel() / (self.eps + kept.sum()))


def prepend_tokens(x: Tensor, tokens: Tensor) -> Tensor:
    """Put [1, count, features] before the tokens of every sample of [..., T, features]."""
    return torch.cat([tokens.expand(*x.shape[:-2], -1, -1), x], dim=-2)


def add_rows(x: Tensor, table: Tensor) -> Tensor:
    """Add the first T rows of a table [..., rows, features] to [..., T, features]."""
    return x + table[..., : x.shape[-2], :]


def sinusoidal_positions(x: Tensor, base: float, interleaved: bool) -> Tensor:
    """Add sines and cosines of the positions 0 to T - 1 to [..., T, features]."""
    tokens, features = x.shape[-2:]
    # Half precision has not enough digits for the angles of late positions.
    exact = torch.promote_types(x.dtype, torch.float32)
    steps = torch.arange(0, features, 2, dtype=exact, device=x.device)
    angles = torch.outer(torch.arange(tokens, dtype=exact, device=x.device), base ** (-steps / features))
    waves = (angles.sin(), angles.cos())
    table = torch.stack(waves, -1).flatten(-2)[:, :features] if interleaved else torch.cat(waves, -1)[:, :features]
    return x + table.to(x.dtype)


def rotate_positions(x: Tensor, base: float, interleaved: bool, features: int | None = None) -> Tensor:
    """Turn pairs of the first `features` numbers of [..., T, size] by angles that grow with the position."""
    tokens, size = x.shape[-2:]
    turned = size if features is None else features
    exact = torch.promote_types(x.dtype, torch.float32)
    steps = torch.arange(0, turned, 2, dtype=exact, device=x.device)
    angles = torch.outer(torch.arange(tokens, dtype=exact, device=x.device), base ** (-steps / turned))
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    pairs = torch.unflatten(x[..., :turned], -1, (-1, 2) if interleaved else (2, -1))
    first, second = pairs.unbind(-1 if interleaved else -2)
    rotated = (first * cos - second * sin, second * cos + first * sin)
    together = torch.stack(rotated, -1 if interleaved else -2).flatten(-2)
    return together if features is None else torch.cat([together, x[..., turned:]], -1)


class _WithoutOneDnn:
    """Turns oneDNN off while any thread is inside: the switch is one for the whole process.

    Not `mkldnn.flags()`, which sets flags of Intel's graphics cards too, and warns where there are none.
    """

    def __init__(self) -> None:
        self.lock, self.inside = Lock(), 0
        self.before = True

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.before = bool(torch.backends.mkldnn.enabled)
                torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                torch.backends.mkldnn.enabled = self.before  # type: ignore[assignment]


_WITHOUT_ONEDNN = _WithoutOneDnn()


class ProjectedLSTM(nn.LSTM):
    """`torch.nn.LSTM` with projections, which torch warns that oneDNN lacks wherever it is not told to do without."""

    def forward(  # type: ignore[override]
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Read a sequence: what is shown at every place, and the state after the last."""
        with _WITHOUT_ONEDNN:
            return super().forward(x, state)


def max_unpool(x: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    """The values of [N, C, ...pooled space] at their indices in the space of `like`, and 0 elsewhere."""
    space = like.shape[2:]
    places = x.new_zeros((*x.shape[:2], *space)).flatten(2)
    return torch.unflatten(places.scatter_(2, indices.flatten(2), x.flatten(2)), 2, space)


def interpolate_like(
    x: Tensor, like: Tensor, mode: str = "nearest", align_corners: bool | None = None, antialias: bool = False
) -> Tensor:
    """`torch.nn.functional.interpolate` to the spatial sides of `like`."""
    return functional.interpolate(x, like.shape[2:], mode=mode, align_corners=align_corners, antialias=antialias)


def crop_like(x: Tensor, like: Tensor) -> Tensor:
    """The middle of [N, C, ...space], as large as the space of `like`."""
    margins = [have - want for have, want in zip(x.shape[2:], like.shape[2:], strict=True)]
    # Padding by less than nothing: `narrow` would keep `torch.export` from sizes that follow from each other.
    sides = [side for margin in reversed(margins) for side in (-(margin // 2), margin // 2 - margin)]
    return functional.pad(x, sides)
