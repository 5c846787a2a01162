"""Values that depend on dims: kept as expressions from expansion until shapes are known."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.language.expression import Expression, ExpressionError, is_expression, parse
from archspec.source.diagnostic import Diagnostics
from archspec.source.origin import Origin
from archspec.source.span import Span

if TYPE_CHECKING:
    from archspec.frontend.instances import ListContext


@dataclass(frozen=True, slots=True)
class DimName:
    """A dim that a block's input binds, by the name that is unique among the blocks around it."""

    name: str

    def evaluate(self, dims: Mapping[str, Any]) -> Any:
        """The dim itself."""
        return dims[self.name]

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True, slots=True)
class Closure:
    """An expression together with what its names mean."""

    expression: Expression
    names: Mapping[str, Any]
    """By name: a plain value, a `DimName`, or another `Closure`."""

    def evaluate(self, dims: Mapping[str, Any]) -> Any:
        """Its value; raises ExpressionError as `Expression.evaluate` does."""
        return self.expression.evaluate({name: settle(value, dims) for name, value in self.names.items()})

    def __str__(self) -> str:
        text = ast.unparse(self.substituted())
        return f"${text}" if text.isidentifier() else f"$({text})"

    def substituted(self) -> ast.expr:
        """The expression over dims alone, every other name replaced by its value."""
        tree: ast.expr = _Substitute(self.names).visit(ast.parse(ast.unparse(self.expression.tree), mode="eval").body)
        return tree


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]  # the function keeps its name
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.names.get(node.id, node)
        if isinstance(value, Closure):
            return value.substituted()
        if isinstance(value, DimName):
            return ast.Name(value.name)
        return node if value is node else ast.Constant(value)


def is_deferred(value: Any) -> bool:
    """Whether a value, or something inside it, waits for shapes."""
    if isinstance(value, list | tuple):
        return any(is_deferred(item) for item in value)
    return isinstance(value, Closure | DimName)


def settle(value: Any, dims: Mapping[str, Any]) -> Any:
    """The value with everything deferred in it evaluated."""
    if isinstance(value, list | tuple):
        return [settle(item, dims) for item in value]
    return value.evaluate(dims) if isinstance(value, Closure | DimName) else value


def bind(text: str, values: Mapping[str, Any]) -> Any:
    """The expression with its names looked up: its value where they are plain, else a closure."""
    expression = parse(text)
    names = {name: values[name] for name in expression.names}
    if not any(is_deferred(value) for value in names.values()):
        return expression.evaluate(names)
    only = next(iter(names.values()))
    return only if text.strip("$()") in names else Closure(expression, names)


def evaluate(value: Any, span: Span, context: ListContext, found: Diagnostics, origin: Origin | None) -> Any:
    """A value of the spec with every expression in it evaluated as far as it can be; None after reporting an error."""
    if isinstance(value, list | tuple):
        return [evaluate(item, span, context, found, origin) for item in value]
    if not is_expression(value):
        return value
    try:
        return bind(value, context.values())
    except KeyError:
        return None  # a name that was reported when names were resolved
    except ExpressionError as error:
        found.error(
            error.name, str(error), part_of(span, value, error.offset, error.length), help=error.help, origin=origin
        )
        return None


def part_of(span: Span, text: str, offset: int, length: int) -> Span:
    """Some characters of an expression inside the scalar that holds it; the whole scalar where they cannot be told."""
    start = span.source.text.find(text, span.start, span.end)
    if start < 0 or not length:
        return span
    return Span(span.source, start + offset, min(start + offset + length, span.end))
