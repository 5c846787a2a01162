"""The header of a body: its parameters and inputs."""

from __future__ import annotations

from typing import Any, Final

from archspec.ir.types import DTYPES
from archspec.language import fields
from archspec.language.expression import is_expression
from archspec.language.keys import PARAMETER_TYPES, RESERVED
from archspec.language.schema import Body, InputDeclaration, Parameter
from archspec.language.validate import did_you_mean, one_of, shown
from archspec.language.values import Entry, Mapping, Scalar, Sequence, Value
from archspec.source.diagnostic import Diagnostics


def read_inputs(body: Body, mapping: Mapping, found: Diagnostics) -> None:
    """Fill in the inputs of a body, from `inputs` or from the `in` of a block."""
    for entry in entries_of(mapping, "inputs"):
        _read_input(body, entry, found)
    single = mapping.entries.get("in")
    if single is not None and isinstance(single.value, Sequence):
        if body.inputs:
            found.error("wrong-value", "a block has `in` or `inputs`, not both", single.span)
        else:
            declaration = InputDeclaration("in", None, single.span)
            _read_dims(declaration, single.value, found)
            body.inputs = [declaration]


def read_parameter(body: Body, entry: Entry, found: Diagnostics) -> None:
    """Add one parameter to a body."""
    name = entry.key
    if not fields.is_name(name):
        found.error(
            "wrong-name",
            f"`{name}` cannot name a parameter",
            entry.span,
            help="use letters, digits and `_`, not beginning with a digit",
        )
        return
    if name in RESERVED:
        found.error("reserved-name", f"`{name}` is a key of every item and cannot name a parameter", entry.span)
        return
    value = entry.value
    kind, default = "any", value
    if isinstance(value, Scalar) and value.value in PARAMETER_TYPES and not value.quoted:
        body.params[name] = Parameter(name, str(value.value), None, entry.span)
        return
    meant = _type_meant(value)
    if meant is not None:
        message = f"parameter `{name}` is {shown(value.plain)}, which is no type, but nearly one"
        help_text = f"did you mean `{meant}`? A text that is the default goes into quotes"
        found.error("wrong-value", message, value.span, help=help_text)
        body.params[name] = Parameter(name, "any", None, entry.span, broken=True)
        return
    if isinstance(value, Mapping):
        known = _read_type(name, value, found)
        kind = known or "any"
        given = value.get("default")
        if given is None:
            body.params[name] = Parameter(name, kind, None, entry.span, broken=known is None)
            return
        default = given
    body.params[name] = Parameter(name, kind, default, entry.span)


def list_parameters(body: Body, listed: Sequence) -> None:
    """Add parameters of which only the names are listed, which was reported, so that their uses are not."""
    for value in listed.items:
        if fields.is_name(value.plain):
            name = str(value.plain)
            body.params[name] = Parameter(name, "any", None, value.span, broken=True)


_OTHER_TYPES: Final = {
    "integer": "int", "number": "float", "boolean": "bool", "string": "str", "text": "str", "tuple": "list",
}  # fmt: skip


def _type_meant(value: Value) -> str | None:
    """The type word that an unquoted text was most likely meant to be."""
    if not isinstance(value, Scalar) or value.quoted or not isinstance(value.value, str):
        return None
    word = value.value.lower()
    return _OTHER_TYPES.get(word) or (word if word in PARAMETER_TYPES else None)


def _read_type(name: str, written: Mapping, found: Diagnostics) -> str | None:
    """The type word of `{type: size, default: 1}`; None after reporting what is wrong with the mapping."""
    keys = ("type", "default")
    unknown = [entry for key, entry in written.entries.items() if key not in keys]
    for entry in unknown:
        help_text = did_you_mean(entry.key, keys) or one_of(keys, "its keys are")
        found.error("unknown-key", f"parameter `{name}` has no key `{entry.key}`", entry.span, help=help_text)
    word = written.get("type")
    if word is not None and word.plain in PARAMETER_TYPES:
        return None if unknown else str(word.plain)
    if word is not None:
        help_text = did_you_mean(str(word.plain), PARAMETER_TYPES) or one_of(PARAMETER_TYPES, "types")
        found.error("wrong-value", f"{shown(word.plain)} is no type of parameters", word.span, help=help_text)
    elif not unknown:
        help_text = "for example `{type: int, default: 8}`"
        found.error("missing-key", f"parameter `{name}` needs the key `type`", written.span, help=help_text)
    return None


def _read_input(body: Body, entry: Entry, found: Diagnostics) -> None:
    if not fields.is_name(entry.key):
        found.error(
            "wrong-name",
            f"`{entry.key}` cannot name an input",
            entry.span,
            help="use letters, digits and `_`, not beginning with a digit",
        )
        return
    declaration = InputDeclaration(entry.key, None, entry.span)
    shape: Value | None = entry.value
    if isinstance(entry.value, Mapping):
        for unknown in entry.value.entries.keys() - {"shape", "dtype", "below", "where"}:
            key = entry.value.entries[unknown]
            found.error(
                "unknown-key",
                f"an input has no key `{unknown}`",
                key.span,
                help=did_you_mean(unknown, ["shape", "dtype", "below", "where"])
                or "its keys are: `shape`, `dtype`, `below`, `where`",
            )
        shape = entry.value.get("shape")
        _read_input_options(declaration, entry.value, found)
    body.inputs.append(declaration)
    if not isinstance(shape, Sequence) or not shape.items:
        found.error(
            "wrong-value",
            f"input `{entry.key}` is {shown(shape.plain if shape is not None else None)}; expected a list of dims",
            shape.span if shape is not None else entry.span,
            help="for example `[N, 3, H=224, W=224]`",
        )
        return
    _read_dims(declaration, shape, found)


def _read_dims(declaration: InputDeclaration, shape: Sequence, found: Diagnostics) -> None:
    """The dims of an input; those that are none are reported, and symbols of no use stand in for them."""
    wrong = [dim for dim in shape.items if not _is_dim(dim.plain)]
    for dim in wrong:
        message = f"{shown(dim.plain)} is no dim; expected a positive whole number, a symbol such as `N`, or `H=224`"
        found.error("wrong-value", message, dim.span)
    declaration.dims = tuple("_" if dim in wrong else dim.plain for dim in shape.items)
    declaration.dims_value = shape
    declaration.broken = bool(wrong)


def _read_input_options(declaration: InputDeclaration, mapping: Mapping, found: Diagnostics) -> None:
    dtype = mapping.get("dtype")
    if dtype is not None:
        if dtype.plain in DTYPES:
            declaration.dtype = str(dtype.plain)
        else:
            found.error(
                "wrong-value",
                f"`dtype` is {shown(dtype.plain)}; expected the name of a dtype",
                dtype.span,
                help=did_you_mean(str(dtype.plain), DTYPES) or one_of(list(DTYPES), "dtypes"),
            )
    below = mapping.get("below")
    if below is not None:
        if is_expression(below.plain) or (isinstance(below.plain, int) and below.plain is not True and below.plain > 0):
            declaration.below = below.plain
        else:
            found.error("wrong-value", f"`below` is {shown(below.plain)}; expected a positive whole number", below.span)
    where = mapping.get("where")
    if where is not None:
        texts = where.items if isinstance(where, Sequence) else [where]
        declaration.constraints = tuple((str(text.plain), text.span) for text in texts)


def _is_dim(dim: Any) -> bool:
    if isinstance(dim, str):
        name, equals, size = dim.partition("=")
        return is_expression(dim) or (
            fields.is_name(name.strip()) and (not equals or size.strip().isdigit() or is_expression(size.strip()))
        )
    return isinstance(dim, int) and not isinstance(dim, bool) and dim >= 1


def entries_of(mapping: Mapping, key: str) -> list[Entry]:
    """The entries of the mapping under a key; none where there is no mapping."""
    value = mapping.get(key)
    return list(value.entries.values()) if isinstance(value, Mapping) else []
