"""Draws: random values for large weights, drawn in other threads while modules are made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Self

import torch

_LARGE = 2**16
"""A weight of fewer numbers is drawn at once: handing it over would take as long."""

_PIECE = 2**18
"""How many numbers are drawn in one go."""


class Draws:
    """Draws the values of weights, which torch does in one thread only; on leaving, all are drawn.

    A small weight is drawn from torch's global generator. A large one is cut into pieces, each with a generator of its
    own, and their seeds count on from a number that the global generator gives: whichever thread draws a piece, and
    however many there are, the same seed gives the same numbers.
    """

    def __init__(self) -> None:
        others = torch.get_num_threads() - 1
        self._pool = ThreadPoolExecutor(others) if others else None
        self._pending: list[tuple[Future[None], Callable[[], None]]] = []
        self._seed: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        try:
            if not failed:
                self._finish()
        finally:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)

    def draw(self, weight: torch.Tensor, how: Callable[..., object], *settings: float) -> None:
        """Overwrite a weight, now or later; call it under `torch.no_grad`.

        Args:
            weight: what is written to. Nothing else may write to it from now on.
            how: called with a part of the weight, a generator (None for torch's global one) and the settings; it draws
                each number of the part independently.
            settings: of the distribution.
        """
        if weight.numel() < _LARGE or not _is_plain(weight):
            how(weight, None, *settings)
            return
        for piece in torch.split(weight.detach().view(-1), _PIECE):
            generator = torch.Generator().manual_seed(self._next_seed())
            work = partial(_draw_piece, how, piece, generator, settings)
            self._pending.append((self._pool.submit(work) if self._pool is not None else Future(), work))

    def _next_seed(self) -> int:
        self._seed = int(torch.randint(2**32, (), device="cpu")) if self._seed is None else self._seed + 1
        return self._seed

    def _finish(self) -> None:
        """Draw what nobody has begun, from the end of the queue, and wait for the others."""
        for future, work in reversed(self._pending):
            if future.cancel():
                work()
            else:
                future.result()


def _is_plain(weight: torch.Tensor) -> bool:
    """Whether the numbers of a weight lie in a row in the processor's memory."""
    return weight.device.type == "cpu" and weight.is_contiguous() and type(weight.detach()) is torch.Tensor


def _draw_piece(
    how: Callable[..., object], piece: torch.Tensor, generator: torch.Generator, settings: tuple[Any, ...]
) -> None:
    with torch.inference_mode(piece.is_inference()), torch.no_grad():  # both are a thread's own
        how(piece, generator, *settings)
