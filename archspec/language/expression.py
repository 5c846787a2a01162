"""Expressions in values: `$name` and `$(width * 2)`.

A closed little language over numbers, text, true/false and sizes: `+ - * // / %`, comparisons, `and or not`, and
the functions in `FUNCTIONS`. Python's parser reads it; our own walk evaluates it, so nothing of Python is reachable.
Length, depth and every number on the way are bounded.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from archspec.ir.dims import UNKNOWN, Dim, DimTooLarge, Size
from archspec.language.validate import TO_WHOLE, shown

MAX_LENGTH: Final = 400
MAX_DEPTH: Final = 32
MAX_NUMBER: Final = 2**53
MAX_RANGE: Final = 10_000


class ExpressionError(ValueError):
    """An expression that cannot be read or evaluated.

    `offset` counts characters from the `$`; `name` is the diagnostic's.
    """

    def __init__(
        self, message: str, offset: int = 0, length: int = 0, name: str = "wrong-expression", help: str | None = None
    ) -> None:
        super().__init__(message)
        self.offset = offset
        self.length = length
        self.name = name
        self.help = help


def make_divisible(value: float, divisor: int = 8, minimum: int | None = None) -> int:
    """The multiple of `divisor` nearest to `value`, at least `minimum`, never more than 10% below it (MobileNet v2)."""
    rounded = max(minimum or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def numbers_between(start: int, end: int) -> list[int]:
    """The whole numbers from `start` up to the one before `end`: none where `end` is not above `start`."""
    if end - start > MAX_RANGE:
        raise _Misfit(f"{end - start:,} numbers; at most {MAX_RANGE:,} are listed")
    return list(range(start, end))


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "min": min,
    "max": max,
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "make_divisible": make_divisible,
    "range": numbers_between,
}
_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CONSTANTS: Final = {"true": True, "false": False}
_OTHER_OPERATORS: Final[Mapping[type[ast.AST], str]] = {
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Invert: "~",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
"""What Python's parser reads and the language does not have."""
_SHORTER: Final = "give a part of it a name, as the default of a parameter"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression."""

    text: str
    """As written, with its `$`."""
    tree: ast.expr
    shift: int
    """Characters before the tree's first column."""
    names: tuple[str, ...]
    """The names it uses, in order, each once."""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Its value; `values` must hold every name in `names`.

        Raises:
            ExpressionError: a type that an operation does not take, a number out of range, a division by zero.
        """
        return _walk(self.tree, values, self.shift)

    def dim(self, values: Mapping[str, Any]) -> Size:
        """Its value where a dim is wanted; raises ExpressionError as `evaluate` does, and where it is none."""
        return as_dim(self.evaluate(values))

    def place_of(self, name: str) -> int:
        """The offset of the first use of a name."""
        return self.shift + min(node.col_offset for node in _names(self.tree) if node.id == name)


def _names(tree: ast.expr) -> Iterator[ast.Name]:
    """What is looked up: a function is meant only where it is called, so `$floor` can be a parameter."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


def as_dim(value: object) -> Size:
    """A value that stands for a dim.

    Raises:
        ExpressionError: it is neither a whole number nor computed from symbols.
    """
    if isinstance(value, int | Dim) and not isinstance(value, bool):
        return value
    message = f"{shown(value)} is no dim; expected a whole number or a symbol"
    raise ExpressionError(message, name="wrong-value", help=TO_WHOLE if isinstance(value, float) else None)


def is_expression(value: object) -> bool:
    """Whether a value from a spec is an expression."""
    return isinstance(value, str) and value.startswith("$")


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read `$name` or `$(...)`.

    Raises:
        ExpressionError: it is too long, too deep, or says something the language does not have.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression of {len(text)} characters; at most {MAX_LENGTH} are read", help=_SHORTER)
    if text.startswith("$("):
        if not text.endswith(")"):
            raise ExpressionError("an expression ends with the `)` that closes its `$(`")
        body, shift = text[2:-1], 2
    else:
        body, shift = text[1:], 1
        if not body.isidentifier():
            raise ExpressionError(
                f"`{text}` is neither `$name` nor `$(...)`", help="put arithmetic into parentheses: `$(width * 2)`"
            )
    return _parse_body(text, body, shift)


def parse_bare(text: str) -> Expression:
    """Read an expression that stands without `$(...)`, as in a dim `H // 2` or a constraint `T <= 1024`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression of {len(text)} characters; at most {MAX_LENGTH} are read", help=_SHORTER)
    return _parse_body(text, text, 0)


def _parse_body(text: str, body: str, shift: int) -> Expression:
    if not body.isascii():
        raise ExpressionError("only ASCII characters stand in an expression")
    stripped = body.lstrip()
    try:
        tree = ast.parse(stripped, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = getattr(error, "offset", None) or len(body) + 1
        raise ExpressionError(f"`{body.strip()}` cannot be read", shift + min(column - 1, len(body)), 1) from None
    shift += len(body) - len(stripped)
    _check(tree, shift, 0)
    names = dict.fromkeys(node.id for node in sorted(_names(tree), key=lambda node: (node.lineno, node.col_offset)))
    return Expression(text, tree, shift, tuple(name for name in names if name not in _CONSTANTS))


def _check(node: ast.expr, shift: int, depth: int) -> None:
    """Refuse, before anything is evaluated, whatever is not in the language."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"an expression nested deeper than {MAX_DEPTH} levels", help=_SHORTER)
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, int | float | str) or node.value is True or node.value is False:
            _refuse(node, shift, f"`{ast.unparse(node)}` has no meaning in an expression")
    elif isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
            known = ", ".join(f"`{name}`" for name in FUNCTIONS)
            _refuse(
                node.func, shift, f"`{ast.unparse(node.func)[:40]}` is no function", help=f"the functions are {known}"
            )
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            _refuse(node, shift, "`*` cannot stand before an argument")
    elif isinstance(node, ast.BinOp) and type(node.op) not in _ARITHMETIC:
        sign = _OTHER_OPERATORS[type(node.op)]
        _refuse(node, shift, f"there is no operator `{sign}` in expressions", help="the operators are + - * // / %")
    elif isinstance(node, ast.Compare) and not all(type(op) in _COMPARISONS for op in node.ops):
        sign = next(_OTHER_OPERATORS[type(op)] for op in node.ops if type(op) not in _COMPARISONS)
        help_text = "the comparisons are == != < <= > >="
        _refuse(node, shift, f"there is no comparison `{sign}` in expressions", help=help_text)
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        _refuse(node, shift, f"there is no operator `{_OTHER_OPERATORS[type(node.op)]}` in expressions")
    elif not isinstance(node, ast.Name | ast.BinOp | ast.Compare | ast.UnaryOp | ast.BoolOp | ast.List):
        _refuse(node, shift, f"`{ast.unparse(node)[:40]}` is not in the language of expressions")
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _check(child, shift, depth + 1)


def _refuse(node: ast.expr, shift: int, message: str, help: str | None = None) -> None:
    length = (node.end_col_offset or node.col_offset + 1) - node.col_offset
    raise ExpressionError(message, shift + node.col_offset, length, help=help)


def _walk(node: ast.expr, values: Mapping[str, Any], shift: int) -> Any:
    try:
        return _bounded(_apply(node, values, shift))
    except ExpressionError:
        raise
    except ZeroDivisionError:
        _refuse(node, shift, "division by zero")
    except (TypeError, ValueError, OverflowError, DimTooLarge) as error:
        reason = str(error) if isinstance(error, DimTooLarge | _Misfit) else "the values do not fit the operation"
        _refuse(node, shift, f"`{ast.unparse(node)}`: {reason}")


class _Misfit(ValueError):
    """A value that an operation does not take, or a result that no dim or attribute could hold; says which."""


def _apply(node: ast.expr, values: Mapping[str, Any], shift: int) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name] if name in values else _CONSTANTS[name]
        case ast.List(elts=items):
            return [_walk(item, values, shift) for item in items]
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _walk(left, values, shift), _walk(right, values, shift))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _flag(_walk(operand, values, shift))
        case ast.UnaryOp(op=op, operand=operand):
            value = _number(_walk(operand, values, shift))
            return -value if isinstance(op, ast.USub) else value
        case ast.BoolOp(op=op, values=operands):
            results = (_flag(_walk(operand, values, shift)) for operand in operands)
            return all(results) if isinstance(op, ast.And) else any(results)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [left, *comparators]
            given = [(_walk(side, values, shift), side) for side in sides]
            return all(_compare(op, a, b) for op, a, b in zip(ops, given, given[1:], strict=False))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            passed = [_walk(argument, values, shift) for argument in arguments]
            return UNKNOWN if UNKNOWN in passed else FUNCTIONS[function](*map(_fixed, passed, arguments))
    raise TypeError


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    operands = _number(left), _number(right)
    if UNKNOWN in operands:
        return UNKNOWN
    if any(isinstance(operand, Dim) for operand in operands):
        if isinstance(op, ast.Div):
            raise _Misfit("`/` does not divide dims; `//` does")
        broken = next((operand for operand in operands if isinstance(operand, float)), None)
        if broken is not None:
            raise _Misfit(f"dims are calculated with whole numbers only, and {shown(broken)} is none; `//` divides")
    return _ARITHMETIC[type(op)](*operands)


def _compare(op: ast.cmpop, left: tuple[Any, ast.expr], right: tuple[Any, ast.expr]) -> bool:
    if isinstance(op, ast.Eq | ast.NotEq):
        return _COMPARISONS[type(op)](left[0], right[0])
    return _COMPARISONS[type(op)](_fixed(*left), _fixed(*right))


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Dim):
        raise _Misfit(f"{shown(value)} is not a number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _fixed(value: Any, written: ast.expr) -> Any:
    if isinstance(value, Dim):
        raise _Misfit(f"`{ast.unparse(written)}` is not a number at every size")
    return _number(value)


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float) and value is not UNKNOWN and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _Misfit(f"the result is beyond {MAX_NUMBER}, the most that is counted with")
    return value
