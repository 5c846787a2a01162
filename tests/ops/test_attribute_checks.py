"""Attributes that do not go together are one error on the one to change; every op has a schema without alternatives."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from archspec.ops import find, names


@pytest.mark.parametrize(
    ("name", "attributes", "attribute", "message"),
    [
        ("conv", {"channels": 10, "kernel": 1, "groups": 4}, "channels", "expected a multiple of the 4 groups"),
        (
            "conv_transpose",
            {"channels": 3, "kernel": 1, "groups": 2},
            "channels",
            "expected a multiple of the 2 groups",
        ),
        (
            "embedding",
            {"tokens": 3, "features": 2, "padding_index": -4},
            "padding_index",
            "expected a row from 0 to 2, or from -3 to -1",
        ),
        ("interpolate", {}, "scale", "expected either `scale` or `size`"),
        ("interpolate", {"scale": 2, "size": 4}, "scale", "expected either `scale` or `size`"),
        (
            "interpolate_like",
            {"mode": "area", "align_corners": True},
            "align_corners",
            "expected `mode: linear` or `mode: cubic` for `align_corners`",
        ),
        ("split", {}, "parts", "expected either `parts` or `sections`"),
        ("split", {"parts": 2, "sections": [1, 1]}, "parts", "expected no `parts` where `sections` are given"),
        ("split", {"parts": 2_000_000_000}, "parts", "expected at most 10000 parts"),
        ("affine", {}, "scale", "expected `scale`, `shift` or both"),
        ("clamp", {}, "least", "expected `least`, `most` or both"),
        ("clamp", {"least": 1, "most": 0.5}, "most", "expected a number of at least 1, which is `least`"),
        ("hardtanh", {"most": -2}, "most", "expected a number of at least -1, which is `least`"),
        ("rrelu", {"least": 0.5}, "most", "expected a number of at least 0.5, which is `least`"),
        ("multi_head_attention", {"heads": 6, "kv_heads": 4}, "kv_heads", "expected a divisor of the 6 heads"),
        (
            "window_attention",
            {"heads": 3, "window": 4, "shift": [1, 4]},
            "shift",
            "expected less than the side of a window",
        ),
        ("rotary", {"features": 3}, "features", "expected an even number, as pairs are turned"),
        ("unflatten", {"sizes": [-1, -1]}, "sizes", "expected -1 for at most one size, which follows from the others"),
        ("reshape", {"shape": [-1, -1]}, "shape", "expected -1 for at most one size, which follows from the others"),
        (
            "gru",
            {"features": 4, "dropout": 0.5},
            "dropout",
            "expected 0, as `dropout` is between layers, and `depth` is 1",
        ),
        ("rnn", {"features": 4, "depth": 1001}, "depth", "expected at most 1000 layers"),
        ("lstm", {"features": 4, "projection": 4}, "projection", "expected fewer than the 4 of `features`"),
        ("roll", {"shifts": [1, 2], "axes": 1}, "shifts", "expected as many numbers as there are `axes`, which is 1"),
        ("pad", {"mode": "reflect", "value": 1}, "value", "expected no `value` where the mode is not `constant`"),
        ("pad", {"mode": "circular", "axis": 1}, "mode", "expected `constant` where one `axis` is padded"),
        ("pad", {"axis": 1, "end": [1, 1]}, "end", "expected one number where one `axis` is padded"),
    ],
)
def test_attributes_that_do_not_go_together(
    name: str, attributes: dict[str, Any], attribute: str, message: str
) -> None:
    kind = find(name)
    assert kind is not None
    with pytest.raises(ValidationError) as refused:
        kind.model_validate(attributes)
    (error,) = refused.value.errors()
    assert (error["type"], error["msg"], error["ctx"]["attribute"]) == ("expected", message, attribute)


def test_one_error_for_each_bad_attribute() -> None:
    kind = find("gelu")
    assert kind is not None
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({"approximate": "erf", "size": 3})
    assert [(error["type"], error["loc"], error["msg"]) for error in refused.value.errors()] == [
        ("expected", ("approximate",), "expected `none`, `tanh` or `sigmoid`"),
        ("extra_forbidden", ("size",), "Extra inputs are not permitted"),
    ]


@pytest.mark.parametrize("name", names())
def test_the_schema_of_an_op_has_no_alternatives(name: str) -> None:
    kind = find(name)
    assert kind is not None
    schema = kind.model_json_schema()
    assert schema["additionalProperties"] is False
    assert set(schema.get("properties", {})) == set(kind.model_fields)
    assert "anyOf" not in str(schema)
