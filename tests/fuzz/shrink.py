"""Smaller and smaller cases that still show what a large one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_MOST_TRIES = 2000


def shrink(data: Any, still_shows: Callable[[Any], bool]) -> Any:
    """The smallest data of mappings, lists and numbers that can be reached by leaving out and by counting down."""
    tries = 0
    while True:
        for candidate in smaller(data):
            tries += 1
            if tries > _MOST_TRIES:
                return data
            if still_shows(candidate):
                data = candidate
                break
        else:
            return data


def smaller(data: Any) -> Iterator[Any]:
    """What is one step smaller, the largest steps first."""
    if isinstance(data, dict):
        for key in data:
            yield {name: value for name, value in data.items() if name != key}
        for key, value in data.items():
            yield from ({**data, key: less} for less in smaller(value))
    elif isinstance(data, list | tuple):
        for place in range(len(data)):
            yield [*data[:place], *data[place + 1 :]]
        for place, value in enumerate(data):
            yield from ([*data[:place], less, *data[place + 1 :]] for less in smaller(value))
    elif isinstance(data, int) and not isinstance(data, bool) and data > 0:
        yield from sorted({0, 1, data // 2, data - 1} - {data})
