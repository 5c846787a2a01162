"""What a recipe accepts, as data."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from archspec.ir.describe import attribute_docs
from archspec.recipe.averaging import AVERAGES, Polyak
from archspec.recipe.group import Group
from archspec.recipe.loss import LOSSES, CrossEntropy
from archspec.recipe.optimizer import OPTIMIZERS, SGD, Adam, AdamW, RMSprop
from archspec.recipe.part import Part
from archspec.recipe.schedule import SCHEDULES, Warmup
from archspec.recipe.training import Training

KINDS: list[type[Part]] = [
    *LOSSES.values(), *OPTIMIZERS.values(), *SCHEDULES.values(), *AVERAGES.values(),
]  # fmt: skip


@pytest.mark.parametrize("model", [*KINDS, Group, Warmup, Training], ids=lambda model: model.__name__)
def test_every_setting_is_documented(model: type[BaseModel]) -> None:
    assert model.__doc__
    docs = attribute_docs(model)
    assert [name for name in model.model_fields if not docs.get(name)] == []


@pytest.mark.parametrize("table", [LOSSES, OPTIMIZERS, SCHEDULES, AVERAGES])
def test_kinds_go_by_their_names(table: dict[str, type[Part]]) -> None:
    assert {kind.name: kind for kind in table.values()} == table
    assert len({kind.beside for kind in table.values()}) == 1


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (SGD, {}, "Field required"),
        (SGD, {"lr": 0}, "expected a number above 0"),
        (SGD, {"lr": 0.1, "momentum": 1.5}, "expected a number from 0 to 1"),
        (SGD, {"lr": 0.1, "nesterov": True}, "expected `momentum` beside it, of more than 0"),
        (RMSprop, {"lr": 0.1, "eps": -1}, "expected a number of 0 or more"),
        (Adam, {"lr": 0.1, "betas": [0.9]}, "expected two numbers from 0 to less than 1, such as [0.9, 0.999]"),
        (AdamW, {"lr": 0.1, "betas": [0.9, 1.0]}, "expected two numbers from 0 to less than 1, such as [0.9, 0.999]"),
        (CrossEntropy, {"ignore_index": 1.0}, "expected a whole number, the class that does not count"),
        (CrossEntropy, {"weight": -1}, "expected a number of 0 or more"),
        (Group, {"of": "weights"}, "expected `biases`, `norms`, or a list of them"),
        (Group, {"under": []}, "expected the path of a node or a scope, or a list of them (a thousand at most)"),
        (
            Training,
            {"clip_grad_norm": 1, "clip_grad_value": 1},
            "expected no `clip_grad_norm` beside it: one of the two",
        ),
        (Training, {"loss": []}, "expected outputs with their losses, such as `{logits: cross_entropy}`"),
        (Polyak, {"decay": 0.9}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_setting_is_one_message(kind: type[BaseModel], settings: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(settings)
    assert [error["msg"] for error in caught.value.errors()] == [message]


def test_there_are_not_too_many_groups() -> None:
    assert SGD(lr=0.1, groups=(Group(of=("norms",)),) * 64)
    with pytest.raises(ValidationError, match="at most 64 groups"):
        SGD(lr=0.1, groups=(Group(of=("norms",)),) * 65)
