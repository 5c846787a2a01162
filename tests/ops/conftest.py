"""Ops that a test registers, for its own time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

import archspec
from archspec import ops
from archspec.ir.op import Op

Register: TypeAlias = Callable[[type[Op]], type[Op]]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """Register an op until the test ends."""
    monkeypatch.setattr(ops, "_REGISTERED", {})
    ops.find.cache_clear()
    yield archspec.register_op
    ops.find.cache_clear()
