"""What attributes are called elsewhere."""

from __future__ import annotations

from archspec import ops
from archspec.language.attribute_names import CALLED
from archspec.language.keys import BESIDE_ATTRIBUTES


def test_whatever_is_called_something_elsewhere_is_there_here() -> None:
    attributes = {key for name in ops.names() if (op := ops.find(name)) for key in op.model_fields}
    meant = {here for every in CALLED.values() for here in every.split()}
    assert meant - attributes - set(BESIDE_ATTRIBUTES) == set()
