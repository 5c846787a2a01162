"""Parameters: their types, their defaults, and the settings given on the command line or in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from archspec.ir.dims import Dim
from archspec.language.expression import ExpressionError, is_expression, parse
from archspec.language.fields import is_name
from archspec.language.reader import read
from archspec.language.schema import Body, Parameter
from archspec.language.validate import did_you_mean, one_of, shown
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.span import Source, Span


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    if isinstance(value, str):
        return all(side.isdigit() for side in value.split("x"))
    return _is_whole(value) or (isinstance(value, list | tuple) and bool(value) and all(map(_is_whole, value)))


def _is_padding(value: Any) -> bool:
    return _is_size(value) or (isinstance(value, str) and value in ("valid", "same"))


TYPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "int": ("a whole number", _is_whole),
    "float": ("a number", lambda value: _is_whole(value) or isinstance(value, float)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str": ("text", lambda value: isinstance(value, str)),
    "size": ("a size: a whole number, `3x3` or [3, 3]", _is_size),
    "padding": ("a padding: `valid`, `same`, a whole number or a list", _is_padding),
    "list": ("a list", lambda value: isinstance(value, list | tuple)),
    "op": ("the name of an op or block", lambda value: isinstance(value, str)),
    "dim": ("a dim", lambda value: _is_whole(value) or isinstance(value, Dim)),
    "any": ("a value", lambda value: True),
}
"""What each type word expects, and the test of it."""


_ORDER: Final = "a default may use the parameters before it; move that one up"


def fits(kind: str, value: Any) -> bool:
    """Whether a value may be given to a parameter of a type; one that waits for shapes is checked where it is used."""
    return hasattr(value, "evaluate") or TYPES[kind][1](value)


def check(parameter: Parameter, value: Any, owner: str, span: Span, found: Diagnostics, **details: Any) -> bool:
    """Whether the value fits; reports when it does not."""
    if fits(parameter.type, value):
        return True
    if parameter.default is None or span != parameter.default.span:
        details["labels"] = (Label(parameter.span, "declared here"),)
    found.error(
        "wrong-value",
        f"`{parameter.name}` of {owner} is {shown(value)}; expected {TYPES[parameter.type][0]}",
        span,
        **details,
    )
    return False


def parse_settings(texts: Iterable[str], found: Diagnostics, option: str = "--set") -> dict[str, tuple[Any, Span]]:
    """`name=value` as given to an option, each value read as YAML, with the place that diagnostics point at."""
    settings: dict[str, tuple[Any, Span]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        source = Source(f"{option} {text}", text)
        span = Span(source, 0, len(name))
        if not equals or not is_name(name):
            found.error("wrong-setting", f"`{option} {text}` does not read `name=value`", Span(source, 0, len(text)))
            continue
        read_value = read(Source(f"{option} {name}", value), found)
        if read_value is not None:
            settings[name] = (read_value.plain, span)
    return settings


def file_parameters(body: Body, settings: Mapping[str, Any], found: Diagnostics) -> dict[str, Any]:
    """The values of a spec's parameters: settings first, then defaults.

    A setting is a plain value, or a pair of value and span as `parse_settings` gives it.
    """
    values: dict[str, Any] = {}
    for name, given in settings.items():
        value, span = (
            given if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Span) else (given, None)
        )
        if name not in body.params:
            help_text = did_you_mean(name, body.params) or one_of(list(body.params), "parameters")
            found.error(
                "unknown-parameter", f"`{body.name}` has no parameter `{name}`", span or body.span, help=help_text
            )
        elif check(body.params[name], value, f"`{body.name}`", span or body.params[name].span, found):
            values[name] = value
    for name, parameter in body.params.items():
        if name in values:
            continue
        if parameter.default is None:
            if name not in settings and not parameter.broken:
                found.error(
                    "missing-parameter",
                    f"parameter `{name}` has no value",
                    parameter.span,
                    help=f"give it one with `--set {name}=...`, or a default",
                )
        else:
            default = evaluate_default(parameter, values, f"`{body.name}`", found)
            if default is not None:
                values[name] = default
    return values


def evaluate_default(parameter: Parameter, earlier: Mapping[str, Any], owner: str, found: Diagnostics) -> Any:
    """A parameter's default, which may use the parameters before it; None after reporting what is wrong with it."""
    assert parameter.default is not None
    value = parameter.default.plain
    if is_expression(value):
        try:
            expression = parse(str(value))
            if missing := [name for name in expression.names if name not in earlier]:
                raise ExpressionError(f"there is no parameter `{missing[0]}` before this one", name="unknown-parameter")
            value = expression.evaluate(earlier)
        except ExpressionError as error:
            found.error(
                error.name,
                str(error),
                parameter.default.span,
                help=error.help or (_ORDER if error.name == "unknown-parameter" else None),
            )
            return None
    return value if check(parameter, value, owner, parameter.default.span, found) else None
