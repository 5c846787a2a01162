"""What a few rows give by themselves: asked while a spec is drawn, so that most of what is drawn fits together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from archspec.compiler import load_spec
from archspec.ir.dims import Dim, evaluate
from archspec.ir.types import TensorType
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source


def type_after(rows: Sequence[Mapping[str, Any]], given: TensorType, blocks: Mapping[str, Any]) -> TensorType | None:
    """The type of what the last row gives; None where something is wrong with them.

    Where that is no report but an exception, the rows are taken, for the laws to find it in the whole.
    """
    names = {side: f"D{place}" for place, side in enumerate(given.shape) if isinstance(side, Dim)}
    shape = [names[side] if isinstance(side, Dim) else side for side in given.shape]
    spec = {
        "archspec": 1,
        "name": "partial",
        "inputs": {"x": {"shape": shape, "dtype": given.dtype}},
        "blocks": dict(blocks),
        "layers": [*rows, {"identity": {"id": "last"}}],
    }
    found = Diagnostics()
    try:
        graph = load_spec(Source("partial.yaml", json.dumps(spec)), found, rules=())
    except Exception:
        return given
    if graph is None or found.failed:
        return None
    sides = {name: side for side, name in names.items()}
    after = graph["last"].types[0]
    return after.with_shape(*(evaluate(side, sides) for side in after.shape))
