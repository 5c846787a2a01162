"""What papers call one layer: a convolution, a pooling or a linear layer, with the activation and norm around it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from archspec.ir.dims import Size
from archspec.ir.graph import Deferred, Node, Scope
from archspec.ir.op import Op

PATCHED: Final = {"convolution": "conv", "pooling": "pool"}
"""Categories of ops that slide a patch over their input, by the word that tables and figures have for them."""

_ENLARGING: Final = {"conv_transpose": "transposed conv", "max_unpool": "unpool"}
"""Ops of these categories that lay patches down instead, by their word."""

AROUND: Final = frozenset({"activation", "normalization", "regularization"})
"""Categories that may stand beside the single layer that a scope reads as."""


def op_of(node: Node) -> Op | type[Op] | None:
    """The op of a node: only its class where attributes are not known yet, None for an input or an unknown op."""
    return node.op.op if isinstance(node.op, Deferred) else node.op


def category_of(node: Node) -> str:
    """The category of a node's op; `input` for an input, and empty where an error made the op unknowable."""
    if node.op is None:
        return "input"
    op = op_of(node)
    return "" if op is None else op.category


def patch_word(op: Op) -> str | None:
    """What tables call an op with a patch; None for one without."""
    return _ENLARGING.get(op.name, PATCHED.get(op.category))


def only_layer(scope: Scope, categories: Container[str]) -> Node | None:
    """The single node of some categories in a scope in which nothing else changes a shape."""
    found: Node | None = None
    for node in scope.nodes():
        category = category_of(node)
        if category in categories and found is None:
            found = node
        elif category not in AROUND:
            return None
    return found


def is_padded(op: Op) -> bool:
    """Whether an op with a kernel adds anything around its input."""
    padding, kernel = getattr(op, "padding", 0), getattr(op, "kernel", 1)
    if padding == "same":
        return kernel != 1 and set(kernel if isinstance(kernel, tuple) else ()) != {1}
    return any(padding) if isinstance(padding, tuple) else padding not in ("valid", 0)


def loses_border(op: Op) -> bool:
    """Whether an op slides a patch over its input and over nothing around it."""
    rounds_up = getattr(op, "ceil_mode", False)  # which is padding at the end, as TensorFlow's `SAME` is
    return op.name not in _ENLARGING and not is_padded(op) and not rounds_up


def sides_text(sides: int | tuple[int, ...], axes: int) -> str:
    """A kernel as tables and figures print it, `3x3`: a single number is that of every axis."""
    return times(sides if isinstance(sides, tuple) else (sides,) * axes)


def steps_text(stride: int | tuple[int, ...]) -> str:
    """A stride: one number where it is that of every axis."""
    steps = stride if isinstance(stride, tuple) else (stride,)
    return str(steps[0]) if len(set(steps)) == 1 else times(steps)


def times(sides: Iterable[Size | str]) -> str:
    """Sides with a cross between: `3x3`."""
    return "x".join(map(str, sides))
