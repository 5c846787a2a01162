"""Pause Python's garbage collector while many objects are made and none is dropped."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_PAUSES: list[bool] = []
"""Of each pause that has not ended, of whatever thread: whether the collector was on when it began."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without it, the collector walks the growing graph again and again, and time is no longer linear in nodes."""
    with _LOCK:
        _PAUSES.append(gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _LOCK:
            if _PAUSES.pop():  # the last one that ends finds what the first one left
                gc.enable()
