"""What an op says about itself, as data: for `archspec ops`, `archspec explain`, the docs and the JSON Schema.

The string under a field is its documentation. It is read from the source here, when somebody asks, so that checking a
spec does not pay for it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from archspec.ir.attributes import Accepts
from archspec.ir.op import Op


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field of an op."""

    name: str
    takes: str
    """What may be written: `a positive whole number`."""
    is_required: bool
    default: Any
    """None for one that is required, or that may be left out."""
    doc: str


@dataclass(frozen=True, slots=True)
class OpPage:
    """All there is to know about an op."""

    name: str
    category: str
    summary: str
    """The first line of its documentation."""
    text: str
    """The rest of it."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """Its ports; empty for the one unnamed port of most ops."""
    is_variadic: bool
    shorthand: str | None
    attributes: tuple[Attribute, ...]


def describe(op: type[Op]) -> OpPage:
    """The page of an op."""
    summary, _, text = inspect.cleandoc(op.__doc__ or "").partition("\n")
    return OpPage(
        name=op.name,
        category=op.category,
        summary=summary,
        text=text.strip(),
        inputs=op.inputs,
        outputs=_ports(op),
        is_variadic=op.variadic,
        shorthand=op.shorthand,
        attributes=attributes_of(op),
    )


def attributes_of(model: type[BaseModel]) -> tuple[Attribute, ...]:
    """The fields of a model: an op, a loss, an optimiser."""
    docs = attribute_docs(model)
    return tuple(_attribute(name, field, docs) for name, field in model.model_fields.items())


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The string under each field of a model, those of its bases included; none where the source is not kept."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base in (BaseModel, Op):
            continue
        try:
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        except (OSError, TypeError):  # it was typed into an interpreter, which keeps no source
            continue
        assert isinstance(definition, ast.ClassDef)
        for field, below in zip(definition.body, definition.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                docs[field.target.id] = " ".join(inspect.cleandoc(below.value.value).split())
    return docs


def _attribute(name: str, field: FieldInfo, docs: dict[str, str]) -> Attribute:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return Attribute(field.alias or name, _takes(field), field.is_required(), default, docs.get(name, ""))


def _takes(field: FieldInfo) -> str:
    said = (type_.expected for type_ in field.metadata if isinstance(type_, Accepts))
    return next(said, getattr(field.annotation, "__name__", str(field.annotation)))


def _ports(op: type[Op]) -> tuple[str, ...]:
    """The names of the ports; they may depend on the attributes, so the first example gives them."""
    if not op.examples:
        return ()
    names = op.model_validate(dict(op.examples[0].attributes)).output_names()
    return names if names != ("",) else ()
