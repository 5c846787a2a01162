"""What the name of an item means: a block that its file can see, or an op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec import ops
from archspec.frontend.load import STRUCTURES
from archspec.frontend.other_names import called_here
from archspec.frontend.own_code import REPAIR
from archspec.ir.op import Op
from archspec.language.schema import Body, Document, Item
from archspec.language.validate import did_you_mean, shown
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span


def find_target(
    name: str, span: Span, found: Diagnostics, *documents: Document, message: str | None = None, **details: Any
) -> type[Op] | Body | None:
    """The block or op that a name means; None after reporting that it means none.

    Blocks go first, so that installing a package never changes what a spec says. None is named like an op of ours.

    Args:
        name: the name.
        span: where it is written.
        found: takes the diagnostic.
        documents: the files whose blocks can be meant, the nearest first.
        message: what to say of a name that means nothing, where that is not all there is to say.
        details: further fields of the diagnostic.
    """
    for document in documents:
        if name in document.visible:
            return document.visible[name]
    try:
        op = ops.find(name)
    except ops.PluginError as error:
        found.error("unusable-op", str(error), span, help=REPAIR, **details)
        return None
    if op is None and not all(document.is_complete for document in documents):
        return None  # it may be in a file that could not be read, which was reported
    if op is None:
        meant = _meant(name, documents) if not found.crowded else None
        message = message or f"there is no op or block `{name}`"
        found.error("unknown-op", message, span, help=meant, **details)
    return op


def find_named(
    item: Item, value: Any, found: Diagnostics, *documents: Document, **details: Any
) -> type[Op] | Body | None:
    """The block or op that a parameter names by its value, for an item such as `- $activation`."""
    if value is None:
        return None  # that the parameter has no value was reported
    if isinstance(value, str):
        message = f"`{item.name}` is {shown(value)}, and there is no such op or block"
        return find_target(value, item.span, found, *documents, message=message, **details)
    message = f"`{item.name}` is {shown(value)}; expected the name of an op or block"
    help_text = "an op with attributes is named as a block: `blocks: {leaky: {layers: [{leaky_relu: 0.1}]}}`"
    found.error("wrong-value", message, item.span, help=help_text, **details)
    return None


def _meant(name: str, documents: Sequence[Document]) -> str:
    other = called_here(name)
    if other:
        return f"it is called `{other}` here"
    visible = [block for document in documents for block in document.visible]
    close = did_you_mean(name, [*ops.TABLE, *ops.registered(), *visible, *STRUCTURES])
    return close or "`archspec ops` lists the ops; blocks come from `blocks` and `include`"
