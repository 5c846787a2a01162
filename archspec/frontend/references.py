"""What the names in an item mean at expansion: the values it reads, and the instances it shares or ties with."""

from __future__ import annotations

from archspec.frontend.instances import Instance, ListContext
from archspec.ir.graph import Node, Value
from archspec.language.fields import IdRange
from archspec.language.schema import Body, Item
from archspec.language.validate import did_you_mean, one_of
from archspec.language.values import Mapping, Sequence
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span


def sources_of(
    item: Item, context: ListContext, previous: Instance | None, reads_nothing: bool, turn: int, found: Diagnostics
) -> list[Value] | None:
    """The values that an item reads; None when there is nothing to read, or an error was reported about it.

    In a repeat, `from` is what the first turn reads; in place of its first name, every later turn reads the one before.
    """
    if item.keys.from_ is not None:
        entry = item.entries["from"].value
        spans = [child.span for child in entry.items] if isinstance(entry, Sequence) else [entry.span]
        values = [read_value(path, span, context, found) for path, span in zip(item.keys.from_, spans, strict=True)]
        if turn and previous is not None:
            values[0] = _output_of_turn(previous, item, context, found)
        return None if None in values else [value for value in values if value is not None]
    if "from" in item.entries:
        return None  # that it is no path was reported
    if reads_nothing:
        return []
    if previous is None and (item.broken or _misses_inputs(context)):
        return None  # that was reported
    if previous is None:
        message = f"`{item.name}` has nothing before it to read"
        found.error("nothing-to-read", message, item.span, help="say what it reads with `from`", origin=context.origin)
        return None
    if turn:
        value = _output_of_turn(previous, item, context, found)
    else:
        value = single_output(previous, item.span, context, found)
    return [value] if value is not None else None


def _misses_inputs(context: ListContext) -> bool:
    """Whether this is a spec without `inputs`, or with wrong ones; that it needs none may be said: `inputs: {}`."""
    body = context.frame.body
    written = body.document.mapping.get("inputs")
    says_none = isinstance(written, Mapping) and not written.entries
    return context.frame.use is None and not body.inputs and not says_none


def _output_of_turn(turn: Instance, item: Item, context: ListContext, found: Diagnostics) -> Value | None:
    """What a turn of a repeat gives to the next; None after reporting that it has several outputs."""
    if len(turn.outputs) < 2 or turn.unknown:
        return single_output(turn, item.span, context, found)
    message = (
        f"every turn of a repeat reads the one output of the turn before, but `{item.name}` has {len(turn.outputs)}"
    )
    named = item.target if isinstance(item.target, Body) else None
    if named is None or not context.sees_inside or item.keys.id is None or isinstance(item.keys.id, IdRange):
        help_text = "write every turn as an item of its own that says `from` which output"
    else:
        *_, (_, (inner, _)) = named.outputs.items()
        help_text = (
            f"end `{named.name}` with what the next turn reads and leave out its `outputs`; the rest can be read"
            f" by its path, such as `{item.keys.id}.0.{inner}`"
        )
    found.error("several-outputs", message, item.span, help=help_text, origin=context.origin)
    return None


def single_output(instance: Instance, span: Span, context: ListContext, found: Diagnostics) -> Value | None:
    """What an instance gives to the next item; None after reporting that it has several outputs."""
    if len(instance.outputs) == 1:
        return instance.outputs[0][1]
    if instance.outputs and not instance.unknown:
        ports = ", ".join(f"`{instance.name}.{name}`" for name, _ in instance.outputs)
        message = f"`{instance.name}` has {len(instance.outputs)} outputs, so the item must say which it reads"
        found.error("several-outputs", message, span, help=f"`from:` one of {ports}", origin=context.origin)
    return None


def read_value(path: str, span: Span, context: ListContext, found: Diagnostics) -> Value | None:
    """The value that a path names; None after reporting that it names none."""
    reached = _follow(path, context)
    if reached is None:
        _report_unknown(path, span, context, found)
        return None
    instance, rest = reached
    if not rest:
        return single_output(instance, span, context, found)
    value = dict(instance.outputs).get(rest)
    if value is None and not instance.unknown:
        message = f"`{instance.name}` has no output `{rest}`"
        known = list(dict.fromkeys([*(instance.members or {}), *(name for name, _ in instance.outputs if name)]))
        help_text = did_you_mean(rest, known) or (one_of(known, "it has") if known else None)
        if instance.closed and rest.partition(".")[0] in (instance.members or {}):
            help_text = (
                f"from outside, only the `outputs` of a block are seen; name `{rest}` among those of `{instance.name}`"
            )
        if instance.call is not None and rest in instance.call[1].body.outputs:
            message = f"`{instance.name}` gives no `{rest}` here: the `if` of what it names is false"
            help_text = "set the parameter that the `if` asks for, or read something that is always there"
        found.error("unknown-node", message, span, help=help_text, origin=context.origin)
    return value


def find_instance(path: str, span: Span, context: ListContext, found: Diagnostics) -> Instance | None:
    """The instance that a whole path names; None after reporting that it names none."""
    reached = _follow(path, context)
    if reached is not None and not reached[1]:
        return reached[0]
    _report_unknown(path, span, context, found)
    return None


def tied_key(path: str, span: Span, context: ListContext, nodes: dict[str, Node], found: Diagnostics) -> str | None:
    """The key of the weight that `wte.weight` means here, or `b.out_proj.weight`; None after reporting that it is none.

    A learned `parameter` is a weight by itself.
    """
    instance, weight = _follow(path, context) or (None, "")
    if instance is None or (weight and instance.path not in nodes):
        node_path, _, weight = path.rpartition(".")
        instance = find_instance(node_path or path, span, context, found)
    if instance is None:
        return None
    node = nodes.get(instance.path)
    owner = (node.share if node is not None else None) or instance.path
    return f"{owner}.{weight}" if weight else owner


def _follow(path: str, context: ListContext) -> tuple[Instance, str] | None:
    """The instance that a path leads to, and what of the path is left: the name of a port."""
    instance, rest = context.names.find(path)
    if instance is None:
        return None
    while rest:
        step = instance.descend(rest) if not instance.closed or context.sees_inside else None
        if step is None:
            break
        instance, rest = step
    return instance, rest


def _report_unknown(path: str, span: Span, context: ListContext, found: Diagnostics) -> None:
    first = path.lstrip(".").partition(".")[0]
    if first in context.names.all_removed():
        message = f"`{first}` is not there: its `if` is false"
        found.error(
            "unknown-node",
            message,
            span,
            help="give both alternatives the same id, or read something that is always there",
            origin=context.origin,
        )
    elif not found.failed:
        known = context.names.known()
        help_text = did_you_mean(path, known) or (one_of(known[-8:], "from here one sees") if known else None)
        found.error(
            "unknown-node", f"there is nothing called `{path}` here", span, help=help_text, origin=context.origin
        )
