from __future__ import annotations

from itertools import count

import pytest

from archspec.tools import roof


def test_the_roof_is_the_best_that_a_product_of_matrices_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(step=2)
    monkeypatch.setattr(roof, "perf_counter", lambda: next(clock))  # all products take two seconds
    assert roof.measure_roof() == 2 * 2048**3 / 2 / 1e9


def test_this_machine_has_a_roof() -> None:
    assert roof.measure_roof(seconds=0.0) > 0
