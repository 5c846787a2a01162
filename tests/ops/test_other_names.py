"""Names that ops have elsewhere: each means one op, and whoever writes one is told its name here."""

from __future__ import annotations

from typing import ClassVar

import pytest

from archspec.frontend.other_names import called_here
from archspec.ir.op import Op
from archspec.ops._generate import other_names
from archspec.ops.elementwise import Identity
from archspec.ops.pooling import AvgPool, MaxPool
from archspec.ops.unpooling import MaxPoolWithIndices


class Named(Identity):
    """An op with a name elsewhere that each test gives it."""

    name: ClassVar[str] = "toy_op"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("torch.nn.Conv2d", "conv"),
        ("conv_2d", "conv"),
        ("Conv2DTranspose", "conv_transpose"),
        ("BatchNormalization", "batch_norm"),
        ("UpsamplingBilinear2d", "interpolate"),
        ("Dropout", "dropout"),
        ("Dropout2d", "channel_dropout"),
        ("Sequential", "sequence"),
        ("Conv4d", None),
        ("2d", None),
    ],
)
def test_what_another_library_calls_an_op_means_that_op(written: str, meant: str | None) -> None:
    assert called_here(written) == meant


def test_names_are_found_by_what_they_mean_and_not_inherited() -> None:
    found = other_names([AvgPool, MaxPool, MaxPoolWithIndices])
    assert found["maxpooling"] == "max_pool"
    assert found["maxpoolwithargmax"] == "max_pool_with_indices"
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("ops", "also", "message"),
    [
        ([Named, MaxPool], "maxpooling", "`max_pool` is also called `maxpooling`, which means `toy_op` already"),
        ([Named, MaxPool], "maxpool", "`toy_op` is also called `maxpool`, which means `max_pool` already"),
        ([Named], "toyop", "`toy_op` is also called `toyop`, which means `toy_op` already"),
        ([Named], "Toy_1", "`toy_op` is also called `Toy_1`, which has to be `toy1`"),
    ],
)
def test_a_name_that_means_two_ops_or_is_never_looked_for_is_an_error(
    ops: list[type[Op]], also: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Named, "also", (also,))
    with pytest.raises(ValueError, match=f"^{message}$"):
        other_names(ops)
