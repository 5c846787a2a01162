from __future__ import annotations

import pytest

from archspec.ir.attributes import Count, Flag
from archspec.ir.conditions import Conditions
from archspec.ir.describe import Attribute, describe
from archspec.ir.op import Op, Step
from archspec.ir.types import TensorType
from archspec.ops import find, names


class Base(Op):
    """Gives its input."""

    width: Count
    """How wide
    it is."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return x

    def lower(self, x: TensorType) -> list[Step]:
        return []


class Derived(Base):
    """The first line.

    The rest,
    on two lines.
    """

    bias: Flag = True
    silent: Count = 3


def test_a_page_has_the_attributes_of_the_bases_first_with_the_strings_under_them() -> None:
    assert describe(Derived).attributes == (
        Attribute("width", "a positive whole number", True, None, "How wide it is."),
        Attribute("bias", "true or false", False, True, ""),
        Attribute("silent", "a positive whole number", False, 3, ""),
    )


def test_a_page_has_the_first_line_apart_from_the_rest() -> None:
    page = describe(Derived)
    assert (page.summary, page.text) == ("The first line.", "The rest,\non two lines.")


@pytest.mark.parametrize("name", names())
def test_every_op_says_what_it_is_and_what_its_attributes_mean(name: str) -> None:
    op = find(name)
    assert op is not None
    page = describe(op)
    assert page.name == name
    assert page.summary.endswith(".")
    assert [attribute.name for attribute in page.attributes if not attribute.doc] == []
