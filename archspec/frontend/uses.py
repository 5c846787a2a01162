"""The kinds of instance: a node, a join with branches, a block, a sequence, another use of shared weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archspec.frontend.closures import bind, evaluate, is_deferred
from archspec.frontend.instances import Frame, HasFindings, Instance, ListContext, Names
from archspec.frontend.interface import bind_inputs
from archspec.frontend.parameters import check as check_parameter
from archspec.frontend.parameters import evaluate_default
from archspec.frontend.references import find_instance, tied_key
from archspec.ir.graph import Allowance, Deferred, Node, Phase, Scope, Value
from archspec.ir.op import Op
from archspec.language.expression import is_expression
from archspec.language.keys import BESIDE_ATTRIBUTES, SequenceKeys
from archspec.language.schema import Body, Branch, Item
from archspec.language.validate import help_of_key, validate
from archspec.language.values import Entry, Sequence
from archspec.language.values import Mapping as MappingValue
from archspec.source.diagnostic import Label
from archspec.source.origin import Origin
from archspec.source.span import Span

if TYPE_CHECKING:
    from archspec.frontend.expand import Expander


@dataclass(slots=True, eq=False)
class Use:
    """One instance about to be made."""

    item: Item
    path: str
    context: ListContext
    origin: Origin
    phase: Phase | None
    sources: list[Value] | None
    """What it reads; None where an error was reported about that."""
    values: Mapping[str, Any]
    """The attributes that differ in this turn of its `each`."""
    turn: int = 0
    """Which turn of its repeat this is."""
    previous: Instance | None = None
    """The item before it, where a list inside of it begins unless it says otherwise."""

    @property
    def start(self) -> Instance | None:
        """What the lists inside of it begin with."""
        return Instance.of(self.sources[0] if self.sources else None) if "from" in self.item.entries else self.previous


def unknown(expander: Expander, use: Use) -> Instance:
    """An instance about which an error was reported: a node without an op, whose type stays unknown."""
    node = Node(use.path, Deferred(None, {}), tuple(use.sources or ()), use.context.scope, use.origin, use.phase)
    expander.add(node)
    expander.expansion.broken.add(use.path)
    return Instance(use.path, outputs=(("", Value(use.path)),), unknown=True)


def node(expander: Expander, use: Use, op_class: type[Op]) -> Instance:
    """One use of an op."""
    op = use.item.op if not use.values and use.item.op is not None else _op(expander, use, op_class)
    if use.sources is None or op is None or not _right_arity(expander, use, op_class):
        return unknown(expander, use)
    made = Node(use.path, op, tuple(use.sources), use.context.scope, use.origin, use.phase)
    expander.add(made)
    _annotate(expander, use, made)
    names = op.output_names() if isinstance(op, Op) else ("",)
    return Instance(use.path, outputs=tuple([(name, Value(use.path, port)) for port, name in enumerate(names)]))


def _op(expander: Expander, use: Use, op_class: type[Op]) -> Op | Deferred | None:
    """The op with its attributes evaluated; one whose attributes depend on dims is made when shapes are known."""
    attributes, failed = _evaluated(expander, use)
    if failed:
        return None
    if any(is_deferred(value) for value in attributes.values()):
        return Deferred(op_class, attributes)
    key = (op_class, repr(attributes))
    if key not in expander.ops:
        expander.ops[key] = make_op(expander, use.item, op_class, attributes, use.origin, use.turn)
    return expander.ops[key]


def make_op(
    stage: HasFindings, item: Item, op_class: type[Op], attributes: Mapping[str, Any], origin: Origin, turn: int = 0
) -> Op | None:
    """The op with these attributes, or None after reporting what is wrong with them."""
    entries = {name: argument.entry for name, argument in item.arguments.items() if argument.entry is not None}
    entries |= {name: _entry_of_turn(item, name, turn) for name in item.keys.each or ()}
    evaluated = {name: str(argument.value) for name, argument in item.arguments.items() if argument.expressions}
    return validate(
        op_class,
        attributes,
        entries,
        stage.found,
        owner=f"`{item.name}`",
        span=item.span,
        noun="attribute",
        also=BESIDE_ATTRIBUTES,
        evaluated=evaluated,
        origin=origin,
    )


def _entry_of_turn(item: Item, name: str, turn: int) -> Entry:
    """Where the value of an attribute at one turn of an `each` is written."""
    columns = item.entries["each"].value
    assert isinstance(columns, MappingValue), "what is read as `each` is a mapping"
    column = columns.entries[name]
    if not isinstance(column.value, Sequence) or turn >= len(column.value.items):
        return column
    return Entry(name, column.source, column.start, column.end, column.value.items[turn])


def _evaluated(expander: Expander, use: Use) -> tuple[dict[str, Any], bool]:
    """The arguments of an item with expressions evaluated, and whether one of them could not be."""
    before = len(expander.found)
    values: dict[str, Any] = {}
    unknown_value = False
    for name, argument in use.item.arguments.items():
        span = argument.entry.value.span if argument.entry else use.item.span
        deferred = bool(argument.expressions) or is_expression(argument.value)
        values[name] = (
            evaluate(argument.value, span, use.context, expander.found, use.origin) if deferred else argument.value
        )
        unknown_value = unknown_value or (deferred and values[name] is None)
    values.update(use.values)
    return values, unknown_value or len(expander.found) > before


def _right_arity(expander: Expander, use: Use, op_class: type[Op]) -> bool:
    wanted, given = len(op_class.inputs), len(use.sources or ())
    if given == wanted or (op_class.variadic and given):
        return True
    names = ", ".join(f"`{name}`" for name in op_class.inputs)
    what = "no input" if not wanted else "one input" if wanted == 1 else f"{wanted} inputs ({names})"
    _report_count(expander, use, f"`{use.item.name}` takes {what}, but is given {given}")
    return False


def _report_count(expander: Expander, use: Use, message: str) -> None:
    span = use.item.entries["from"].value.span if "from" in use.item.entries else use.item.span
    expander.found.error("wrong-input-count", message, span, help="`from` names what an item reads", origin=use.origin)


def _annotate(expander: Expander, use: Use, made: Node) -> None:
    item, context = use.item, use.context
    if item.keys.tie:
        span, nodes, found = item.entries["tie"].value.span, expander.expansion.nodes, expander.found
        keys = {weight: tied_key(path, span, context, nodes, found) for weight, path in item.keys.tie.items()}
        made.ties = {weight: key for weight, key in keys.items() if key is not None}
    of_file = expander.expansion.file_init(context.frame, expander.found)
    if of_file or context.init or item.init:
        made.init = {**{**of_file, **context.init}.get(item.name, {}), **item.init}
    made.allow = allowances(context, item)
    if item.op is None:
        made.varying = frozenset(name for name, given in item.arguments.items() if given.expressions) | set(use.values)
    made.varying |= {"if"} if item.keys.if_ is not None else set()


def allowances(context: ListContext, item: Item) -> Mapping[str, Allowance]:
    """The rules that are silenced on an item: its own, and those of what is around it."""
    if not item.keys.allow:
        return context.allow
    written = item.entries["allow"].value
    assert isinstance(written, MappingValue), "what is read as `allow` is a mapping"
    own = {name: Allowance(reason, written.entries[name].span) for name, reason in item.keys.allow.items()}
    return {**context.allow, **own}


def join(expander: Expander, use: Use, op_class: type[Op]) -> Instance:
    """A joining op with its branches, which all begin at what the op itself would read.

    Without an id it adds no level to paths; with one, its branches and itself stand below that.
    """
    if use.sources is not None and len(use.sources) > 1:
        _report_count(expander, use, "branches begin at one value, but `from` names several")
    position = use.path[len(use.context.scope.path) + 1 :] if use.context.scope.path else use.path
    if use.item.keys.id is None:
        inner = use.context.inside(names=use.context.names, phase=use.phase)
        return _joined(expander, use, op_class, inner, position)
    scope = expander.scope(use.path, "sequence", use.context, use.origin, use.phase)
    inner = use.context.inside(scope, names=Names(use.context.names, written=False), phase=use.phase)
    below = replace(use, path=f"{use.path}.join", context=inner)
    instance = _joined(expander, below, op_class, inner, "")
    scope.outputs = instance.outputs
    return Instance(use.path, instance.outputs, scope, inner.names.own, unknown=instance.unknown)


def _joined(expander: Expander, use: Use, op_class: type[Op], inner: ListContext, position: str) -> Instance:
    ends: list[Value | None] = []
    spans: list[Span] = []
    with expander.budget.level(use.item.span):
        for index, branch in enumerate(use.item.branches or ()):
            if expander.is_present(branch, use.context):
                end = expander.branch(branch, inner, use.start, f"{position}_{index}_")
                ends.append(expander.value_of(end, branch.span, inner))
                if end is None and (not branch.items or not expander.found.failed):
                    expander.found.error(
                        "nothing-to-read",
                        "this branch is empty, and there is nothing before it to pass on",
                        branch.span,
                        help="say where it begins with `from`",
                        origin=use.origin,
                    )
                spans.append(_span_of(branch))
    if not ends:
        left = " left" if use.item.branches else ""
        message, span = f"`{use.item.name}` has no branches{left} to join", use.item.entries["branches"].span
        help_text = "an empty branch, `[]`, passes on what comes in"
        expander.found.error("wrong-input-count", message, span, help=help_text, origin=use.origin)
    values = [end for end in ends if end is not None] if None not in ends and ends else None
    joined = replace(use, context=inner, sources=values)
    expander.expansion.branch_spans[use.path] = spans
    expander.expansion.items[use.path] = use.item
    instance = node(expander, joined, op_class)
    if len(spans) < len(use.item.branches or ()):
        expander.expansion.nodes[use.path].varying |= {"branches"}
    return instance


def _span_of(branch: Branch) -> Span:
    return branch.span if branch.name is not None or not branch.items else branch.items[-1].span


def sequence(expander: Expander, use: Use) -> Instance:
    """A list of items as one; one that carries a block's header is the use of a block, written out."""
    if use.item.body is not None:
        return _written_out(expander, use, use.item.body)
    if use.sources is not None and len(use.sources) > 1:
        _report_count(expander, use, "a sequence begins at one value, but `from` names several")
    scope = expander.scope(use.path, "sequence", use.context, use.origin, use.phase)
    init = {**use.context.init, **use.item.init}
    scope.allow = allow = allowances(use.context, use.item)
    variables = {**use.context.variables, **use.values}
    inner = use.context.inside(scope, phase=use.phase, origin=use.origin, variables=variables, init=init, allow=allow)
    with expander.budget.level(use.item.span):
        last = expander.items(use.item.layers or [], inner, use.start)
    scope.outputs = last.outputs if last is not None else ()
    return Instance(use.path, scope.outputs, scope, inner.names.own, unknown=last is None or last.unknown)


def _written_out(expander: Expander, use: Use, body: Body) -> Instance:
    keys = use.item.keys
    assert isinstance(keys, SequenceKeys), "only a sequence has a header of its own"
    outer = use.context.frame
    frame = Frame(body, {**outer.params, **use.context.variables, **use.values}, dict(outer.dims), outer, use.origin)
    return instantiate(expander, use, frame, keys.block, keys.title)


def block(expander: Expander, use: Use, body: Body) -> Instance:
    """One use of a block."""
    given, failed = _evaluated(expander, use)
    params = _parameters(expander, use, body, given) if not failed else None
    if params is None:
        return unknown(expander, use)
    frame = Frame(body, params, {}, use.context.frame, use.origin)
    return instantiate(expander, use, frame, body.name, body.title)


def _parameters(expander: Expander, use: Use, body: Body, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of a block's parameters at one use; None after reporting one that does not fit."""
    before = len(expander.found)
    params: dict[str, Any] = {}
    for name in given:
        if name not in body.params:
            span = use.item.entries["each"].span if name in use.values else use.item.span
            expander.found.error(
                "unknown-attribute",
                f"block `{body.name}` has no parameter `{name}`",
                span,
                help=help_of_key(name, body.params, "its parameters", BESIDE_ATTRIBUTES),
                origin=use.origin,
            )
    for name, parameter in body.params.items():
        if name in given:
            argument = use.item.arguments.get(name)
            entry = _entry_of_turn(use.item, name, use.turn) if name in use.values else argument and argument.entry
            span = entry.value.span if entry else use.item.span
            if given[name] is not None and check_parameter(
                parameter, given[name], f"block `{body.name}`", span, expander.found, origin=use.origin
            ):
                params[name] = given[name]
        elif parameter.default is not None:
            default = parameter.default.plain
            late = is_expression(default) and any(is_deferred(value) for value in params.values())
            params[name] = (
                bind(str(default), params)
                if late
                else evaluate_default(parameter, params, f"block `{body.name}`", expander.found)
            )
    return params if len(expander.found) == before else None


def instantiate(expander: Expander, use: Use, frame: Frame, block_name: str | None, title: str | None) -> Instance:
    """A body with its inputs bound and its items expanded, as a scope."""
    body = frame.body
    wanted = len(body.inputs) or 1
    if use.sources is None or len(use.sources) != wanted:
        if use.sources is not None:
            names = ", ".join(f"`{declaration.name}`" for declaration in body.inputs) or "`in`"
            plural = "s" if wanted != 1 else ""
            _report_count(
                expander, use, f"`{body.name}` takes {wanted} input{plural} ({names}), but is given {len(use.sources)}"
            )
        return unknown(expander, use)
    scope = expander.scope(use.path, "block" if block_name else "sequence", use.context, use.origin, use.phase)
    scope.block, scope.title = block_name, title
    inner_names = Names(None if block_name else use.context.names)
    start = bind_inputs(body, frame, scope, inner_names, use.sources)
    expander.expansion.dim_names[use.path] = {unique: name for name, unique in frame.dims.items()}
    init = {**use.context.init, **use.item.init}
    scope.allow = allow = allowances(use.context, use.item)
    inner = use.context.inside(
        scope, names=inner_names, frame=frame, variables={}, phase=use.phase, origin=use.origin, init=init, allow=allow
    )
    with expander.budget.level(use.item.span):
        last = expander.items(body.layers, inner, start)
        expander.heads(body, inner)
    scope.outputs = tuple(expander.outputs(body, inner, last, default="").items())
    return Instance(
        use.path, scope.outputs, scope, inner_names.own, closed=True, unknown=not scope.outputs, call=(use.item, frame)
    )


def shared(expander: Expander, use: Use) -> Instance:
    """Another use of a node's or a block instance's weights."""
    item, context = use.item, use.context
    assert item.keys.share is not None, "only an item with `share` gets here"
    span = item.entries["share"].value.span
    owner = find_instance(item.keys.share, span, context, expander.found)
    if owner is None or owner.unknown or use.sources is None or not _may_share(expander, use, owner, span):
        return unknown(expander, use)
    if owner.call is None:
        first = expander.expansion.nodes[owner.path]
        made = Node(
            use.path,
            first.op,
            tuple(use.sources),
            context.scope,
            use.origin,
            use.phase,
            share=first.share or first.path,
        )
        expander.add(made)
        return Instance(use.path, outputs=tuple((name, Value(use.path, value.port)) for name, value in owner.outputs))
    call_item, frame = owner.call
    again = Use(call_item, use.path, context, use.origin, use.phase, use.sources, {})
    same = Frame(frame.body, frame.params, {}, context.frame, use.origin)
    instance = instantiate(
        expander, again, same, owner.scope.block if owner.scope else None, owner.scope.title if owner.scope else None
    )
    if instance.scope is not None and owner.scope is not None:
        _mark_shared(instance.scope, owner.scope.share or owner.path)
    return instance


def _may_share(expander: Expander, use: Use, owner: Instance, span: Span) -> bool:
    item, owner_item = use.item, expander.expansion.items.get(owner.path)
    own = [*item.attributes.values(), *(item.entries[key] for key in ("init", "tie") if key in item.entries)]
    if owner_item is None:
        message, place = f"`{item.keys.share}` is an input; only an op or a block can be used again", span
    elif own:
        message, place = f"an item that shares has no attributes of its own, but has `{own[0].key}`", own[0].span
    elif owner_item.name != item.name:
        message, place = f"`{item.keys.share}` is a `{owner_item.name}`, and this is a `{item.name}`", span
    elif owner.call is None and owner.scope is not None:
        message, place = f"`{item.keys.share}` is a sequence; only an op or a block can be used again", span
    else:
        return True
    labels = (Label(owner_item.span, "its weights are shared"),) if owner_item is not None else ()
    expander.found.error("wrong-share", message, place, labels=labels, origin=use.origin)
    return False


def _mark_shared(scope: Scope, owner: str) -> None:
    below = len(scope.path)
    scope.share = owner
    for inner_node in scope.nodes():
        inner_node.share = owner + inner_node.path[below:]
        inner_node.init, inner_node.ties = {}, {}
    for inner in scope.scopes():
        inner.share = owner + inner.path[below:]
