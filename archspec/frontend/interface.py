"""What stands at the border of a body: the inputs of a file as nodes, those of a block as names for values."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from archspec.frontend.instances import Frame, Instance, Names
from archspec.frontend.reserved_ids import input_refusal
from archspec.ir.conditions import Condition
from archspec.ir.dims import LIMIT, Dim, Size, symbol
from archspec.ir.graph import GraphInput, Node, Scope, Value
from archspec.ir.types import TensorType
from archspec.language.expression import Expression, ExpressionError, as_dim, is_expression, parse, parse_bare
from archspec.language.schema import Body, InputDeclaration
from archspec.language.validate import did_you_mean, shown
from archspec.language.values import Sequence
from archspec.source.diagnostic import Diagnostics
from archspec.source.origin import Origin
from archspec.source.span import Span


def file_inputs(body: Body, frame: Frame, root: Scope, names: Names, found: Diagnostics) -> list[GraphInput]:
    """The inputs of a network, each also a node of the graph and a name."""
    sizes: dict[str, int] = {}
    for declaration in body.inputs:
        _collect_sizes(declaration, frame, sizes, found)
    frame.dims.update((name, name) for declaration in body.inputs for name in _symbols(declaration))
    inputs = []
    for declaration in body.inputs:
        if reason := input_refusal(declaration.name):
            found.error("reserved-name", reason, declaration.span, help="choose another name")
        declared = tuple(
            _declared(dim, frame, _span_of(index, declaration), found)
            for index, dim in enumerate(declaration.dims or ())
        )
        nominal = tuple(sizes.get(str(dim), dim) if not isinstance(dim, int) else dim for dim in declared)
        kind = TensorType(nominal, declaration.dtype)
        own = {name: sizes[name] for name in _symbols(declaration) if name in sizes}
        conditions = tuple(
            c for text, span in declaration.constraints for c in _constraint(text, span, frame, sizes, found)
        )
        inputs.append(
            GraphInput(
                declaration.name,
                kind,
                own,
                declared,
                _below(declaration, frame, found),
                conditions,
                tuple(text for text, _ in declaration.constraints),
            )
        )
        types = (kind,) if declaration.dims and not declaration.broken else ()
        node = Node(declaration.name, None, (), root, Origin(declaration.span, declaration.name), types=types)
        root.members.append(node)
        names.define(declaration.name, Instance(declaration.name, outputs=(("", Value(declaration.name)),)))
    if len(inputs) == 1:
        names.define("in", names.own[inputs[0].name])
    return inputs


def bind_inputs(body: Body, frame: Frame, scope: Scope, names: Names, sources: list[Value]) -> Instance | None:
    """Name the values that a block is given; returns what its first item reads, when there is one input."""
    taken = frame.parent.taken_dims() if frame.parent is not None else set()
    for declaration in body.inputs:
        for name in _symbols(declaration):
            if name not in frame.dims or frame.dims[name] in taken:
                frame.dims[name] = _unused(name, taken)
    signature = []
    for declaration, value in zip(body.inputs or [InputDeclaration("in", None, body.span)], sources, strict=True):
        dims = (
            tuple(frame.dims.get(dim, dim) if isinstance(dim, str) else dim for dim in declaration.dims)
            if declaration.dims
            else None
        )
        signature.append((declaration.name, dims, value))
        names.define(declaration.name, Instance(declaration.name, outputs=(("", value),)))
    scope.signature = tuple(signature)
    if len(sources) != 1:
        return None
    only = Instance("in", outputs=(("", sources[0]),))
    names.define("in", only)
    return only


def _symbols(declaration: InputDeclaration) -> list[str]:
    return [
        dim.partition("=")[0].strip()
        for dim in declaration.dims or ()
        if isinstance(dim, str) and not is_expression(dim)
    ]


def _unused(name: str, taken: set[str]) -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _collect_sizes(declaration: InputDeclaration, frame: Frame, sizes: dict[str, int], found: Diagnostics) -> None:
    for index, dim in enumerate(declaration.dims or ()):
        span = _span_of(index, declaration)
        name, equals, text = dim.partition("=") if isinstance(dim, str) and not is_expression(dim) else ("", "", "")
        if not equals:
            continue
        size = _value(text.strip(), frame, span, found) if is_expression(text.strip()) else int(text)
        if not isinstance(size, int) or not 1 <= size < LIMIT:
            found.error(
                "wrong-value",
                f"`{dim}` has the size {shown(size)}; expected a whole number from 1 to {LIMIT - 1}",
                span,
            )
        elif sizes.setdefault(name.strip(), size) != size:
            found.error(
                "wrong-value",
                f"`{name.strip()}` is {sizes[name.strip()]} and {size}",
                span,
                help="a symbol stands for one size in the whole spec",
            )


def _span_of(index: int, declaration: InputDeclaration) -> Span:
    """Where a dim of an input is written."""
    written = declaration.dims_value
    if not isinstance(written, Sequence) or index >= len(written.items):
        return written.span if written else declaration.span
    return written.items[index].span


def _declared(dim: Any, frame: Frame, span: Span, found: Diagnostics) -> Size:
    if isinstance(dim, str) and not is_expression(dim):
        return symbol(dim.partition("=")[0].strip())
    value = _value(dim, frame, span, found) if is_expression(dim) else dim
    if value is None:
        return 1
    try:
        size = as_dim(value)
    except ExpressionError as error:
        found.error(error.name, str(error), span, help=error.help)
        return 1
    if isinstance(size, int) and not 1 <= size < LIMIT:
        found.error("dim-limit", f"{shown(size)} is no size; expected a whole number from 1 to {LIMIT - 1}", span)
        return 1
    return size


def _value(text: str, frame: Frame, span: Span, found: Diagnostics) -> Any:
    try:
        return parse(text).evaluate(frame.params)
    except KeyError:
        return None  # a name that was reported when names were resolved
    except ExpressionError as error:
        found.error(error.name, str(error), span, help=error.help)
        return None


def _below(declaration: InputDeclaration, frame: Frame, found: Diagnostics) -> int | None:
    value = (
        _value(declaration.below, frame, declaration.span, found)
        if is_expression(declaration.below)
        else declaration.below
    )
    if value is None or (isinstance(value, int) and value > 0):
        return value
    found.error("wrong-value", f"`below` is {shown(value)}; expected a positive whole number", declaration.span)
    return None


def _constraint(text: str, span: Span, frame: Frame, sizes: Mapping[str, int], found: Diagnostics) -> list[Condition]:
    """`T <= 1024` as conditions on its symbols; a parameter stands for its value."""
    try:
        expression = parse_bare(text)
        if not isinstance(expression.tree, ast.Compare):
            raise ExpressionError(f"`{text}` compares nothing", help="for example `T <= 1024` or `H % 32 == 0`")
        sides = [expression.tree.left, *expression.tree.comparators]
        known: Mapping[str, Any] = {**frame.params, **{name: symbol(name) for name in frame.dims}}
        unknown = next((name for name in expression.names if name not in known), None)
        if unknown is not None:
            hint = did_you_mean(unknown, known) or "the symbols of the inputs can be used here, and parameters"
            raise ExpressionError(f"there is no dim or parameter `{unknown}`", name="unknown-parameter", help=hint)
        values = [Expression(text, side, 0, expression.names).evaluate(known) for side in sides]
        conditions = [
            _compared(op, left, right, text)
            for op, left, right in zip(expression.tree.ops, values, values[1:], strict=False)
        ]
    except ExpressionError as error:
        found.error(error.name, str(error), span, help=error.help)
        return []
    here = ", ".join(f"`{name}` is {sizes[name]}" for name in expression.names if name in sizes)
    for condition in conditions:
        if condition.holds(sizes) is False:
            at = f" at the sizes declared here: {here}" if here else ""
            found.error("unmet-constraint", f"{condition.message}{at}", span)
    return conditions


def _compared(op: ast.cmpop, left: Any, right: Any, text: str) -> Condition:
    lower, upper = _whole(left, right, text)
    message = f"`{text}` does not hold"
    match op:
        case ast.LtE():
            return Condition("positive", upper - lower + 1, message)
        case ast.Lt():
            return Condition("positive", upper - lower, message)
        case ast.GtE():
            return Condition("positive", lower - upper + 1, message)
        case ast.Gt():
            return Condition("positive", lower - upper, message)
        case ast.Eq():
            return Condition("zero", lower - upper, message)
    raise ExpressionError(f"`{text}` cannot be a constraint", help="compare with < <= == >= >")


def _whole(left: Any, right: Any, text: str) -> tuple[Size, Size]:
    """Both sides times the least number that makes them whole: a dim is above 7.5 where twice the dim is above 15."""
    factor = 1
    for side in (left, right):
        if isinstance(side, bool) or not isinstance(side, int | float | Dim):
            help_text = "compare dims and numbers, as in `T <= 1024`"
            raise ExpressionError(f"`{text}` compares {shown(side)}, which is no number", help=help_text)
        if isinstance(side, float):
            factor = max(factor, side.as_integer_ratio()[1])  # a power of 2, as the other is
    lower, upper = (side * factor if isinstance(side, Dim) else int(side * factor) for side in (left, right))
    return lower, upper
