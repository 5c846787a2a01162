"""Expected: how a pydantic field says, in one sentence, what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


@dataclass(frozen=True, eq=False)
class Expected:
    """Annotates a field: `accept` returns the value to store, or raises ValueError; then `what` was expected.

    One mistake is one message, in pydantic's errors as in an editor that reads the JSON Schema.
    """

    what: str
    """Reads on after "expected": `a positive whole number`."""
    accept: Callable[[Any], Any]
    schema: JsonSchemaValue

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate by `accept` alone, without coercion."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema as given."""
        return dict(self.schema)

    def _validate(self, value: Any) -> Any:
        try:
            return self.accept(value)
        except ValueError:
            raise PydanticCustomError("expected", "expected {what}", {"what": self.what}) from None
