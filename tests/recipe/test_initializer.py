from __future__ import annotations

from typing import Any, cast

import pytest
from pydantic import ValidationError
from torch.nn.init import calculate_gain

from archspec.recipe.initializer import GAINS, INITIALIZERS, Constant, HeNormal, Zeros, gain_of, parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("zeros", Zeros()),
        (0.5, Constant(value=0.5)),
        (-1, Constant(value=-1)),
        ({"constant": 3}, Constant(value=3)),
        ({"constant": {"value": 3}}, Constant(value=3)),
        ({"he_normal": {"mode": "fan_out", "gain": 1}}, HeNormal(mode="fan_out", gain=1.0)),
    ],
)
def test_initialisers_are_written_as_a_name_a_number_or_a_mapping(written: Any, meant: Any) -> None:
    assert parse(written) == meant


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        ({"normal": {"std": -1}}, ("std",), "expected a number of 0 or more"),
        ({"normal": {"std": "1"}}, ("std",), "expected a number of 0 or more"),
        ({"normal": {"mean": True}}, ("mean",), "expected a number"),
        ({"uniform": {"low": 1}}, (), "expected `low` to be less than `high`"),
        ({"truncated_normal": {"std": 0}}, ("std",), "expected a number above 0"),
        ({"he_normal": {"mode": "fan"}}, ("mode",), "expected `fan_in` or `fan_out`"),
        (
            {"he_normal": {"gain": "swish"}},
            ("gain",),
            "expected a number above 0, or one of `linear`, `relu`, `tanh`, `sigmoid`, `selu`",
        ),
        ({"variance_scaling": {"mode": 1}}, ("mode",), "expected `fan_in`, `fan_out` or `fan_avg`"),
        ({"constant": {"value": float("inf")}}, ("value",), "expected a number"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_one_message(written: Any, place: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse(written)
    (error,) = caught.value.errors()
    assert (error["loc"], error["msg"]) == (place, message)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("he", "`he` is no initialiser; they are `zeros`, `ones`"),
        ([1], "expected an initialiser: its name, a number, or `{name: {...}}`"),
        (True, "expected an initialiser"),
        ({"zeros": {}, "ones": {}}, "expected an initialiser"),
        ({"normal": 0.1}, "expected the settings of `normal` as a mapping"),
    ],
    ids=str,
)
def test_what_is_no_initialiser_is_refused(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"initialiser|settings") as caught:
        parse(written)
    assert message in str(caught.value)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        parse({"zeros": {"std": 1}})
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]


@pytest.mark.parametrize("name", GAINS)
def test_gains_are_torchs(name: str) -> None:
    assert gain_of(name) == pytest.approx(calculate_gain(cast("Any", name)))


def test_every_initialiser_says_what_it_is() -> None:
    for name, kind in INITIALIZERS.items():
        assert kind.name == name
        assert kind.__doc__
        assert kind.model_json_schema()["type"] == "object"
