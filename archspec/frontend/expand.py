"""Expand: from the resolved structure of a spec to a graph in which nothing is left implicit.

Blocks are instantiated, repeats unrolled, `if` decided, expressions evaluated as far as they do not depend on
shapes, and every name looked up. The result is the flat graph with its tree of scopes, still without types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from archspec.frontend import uses
from archspec.frontend.budget import Budget, LimitReached
from archspec.frontend.instances import Assertion, Expansion, Frame, Instance, ListContext, Names
from archspec.frontend.interface import file_inputs
from archspec.frontend.limits import Limits
from archspec.frontend.load import note_no_network
from archspec.frontend.nested_ids import check_nested_ids
from archspec.frontend.parameters import file_parameters
from archspec.frontend.references import read_value, single_output, sources_of
from archspec.frontend.reserved_ids import output_refusal, refusal
from archspec.frontend.resolve import bind_arguments
from archspec.frontend.targets import find_named
from archspec.frontend.turns import decide, turns_of
from archspec.ir.graph import GraphOutput, Node, Phase, Scope, Value
from archspec.ir.op import Op
from archspec.language.fields import IdRange
from archspec.language.schema import Argument, Body, Branch, Document, Item
from archspec.language.validate import did_you_mean
from archspec.language.values import Entry
from archspec.language.values import Mapping as MappingValue
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.origin import Origin
from archspec.source.span import Span


def expand(document: Document, settings: Mapping[str, Any], found: Diagnostics, limits: Limits) -> Expansion | None:
    """The nodes and scopes of a resolved spec; None, having said so, when a limit ended it or it has no network.

    Args:
        document: the spec.
        settings: values for its parameters, by name.
        found: takes the diagnostics.
        limits: how large it may be.
    """
    if document.body is None:
        note_no_network(document, found)
        return None
    expander = Expander(document, document.body.name, found, limits)
    try:
        return expander.network(document.body, file_parameters(document.body, settings, found))
    except LimitReached:
        return None


class Expander:
    """One expansion: walks bodies and lists; what one instance becomes is the business of `uses`."""

    def __init__(self, document: Document, name: str, found: Diagnostics, limits: Limits) -> None:
        self.document = document
        self.found = found
        self.budget = Budget(found, limits)
        self.expansion = Expansion(name)
        self.ops: dict[Any, Op | None] = {}
        """Ops by class and attributes: equal rows of a repeat share one."""
        self._bound: dict[tuple[int, str], Item] = {}

    def network(self, body: Body, params: Mapping[str, Any]) -> Expansion:
        """The whole network."""
        self.budget.check_body(body)
        root = self.expansion.root
        self.expansion.params = dict(params)
        root.title = body.title
        frame, names = Frame(body, dict(params), {}, None, None), Names(None)
        self.expansion.inputs = file_inputs(body, frame, root, names, self.found)
        self.expansion.nodes = {node.path: node for node in root.members if isinstance(node, Node)}
        self.expansion.paths = {path: node.origin for path, node in self.expansion.nodes.items()}
        context = ListContext(root, "", names, frame, {}, None)
        last = self.items(body.layers, context, names.get("in"))
        self.heads(body, context)
        outputs = self.outputs(body, context, last, default="output")
        root.outputs = tuple(outputs.items())
        if body.outputs and not outputs and not self.found.failed:
            span = body.document.mapping.entries["outputs"].span
            message = "nothing that `outputs` names is there, so that the network returns nothing"
            help_text = "name an item that is always there, or set the parameters that its `if` asks for"
            self.found.error("nothing-to-return", message, span, help=help_text)
        check_nested_ids(self.expansion, self.found)
        self.expansion.outputs = [
            GraphOutput(name, value, self._span_of_output(body, name)) for name, value in outputs.items()
        ]
        return self.expansion

    def heads(self, body: Body, context: ListContext) -> None:
        """The side paths of a body."""
        for head in body.heads:
            if self.is_present(head, context):
                self.branch(head, context, None, "")
            else:
                context.names.removed.add(str(head.name))

    def outputs(self, body: Body, context: ListContext, last: Instance | None, default: str) -> dict[str, Value]:
        """What a body gives, by name."""
        if not body.outputs:
            return {default: last.outputs[0][1]} if last is not None and self._gives_one(last, body) else {}
        there = {name: place for name, place in body.outputs.items() if not context.names.is_removed(place[0])}
        values = {name: read_value(path, span, context, self.found) for name, (path, span) in there.items()}
        if body.is_file:
            for name in body.outputs:
                if reason := output_refusal(name):
                    self.found.error(
                        "reserved-name", reason, self._span_of_name(body, name), help="choose another name"
                    )
        return {name: value for name, value in values.items() if value is not None}

    def _gives_one(self, last: Instance, body: Body) -> bool:
        """Whether the last item of a body without `outputs` can stand for what the body gives."""
        if len(last.outputs) > 1 and not last.unknown:
            item = self.expansion.items.get(last.path)
            ports = ", ".join(f"{name}: {last.name}.{name}" for name, _ in last.outputs)
            message = f"the last item has {len(last.outputs)} outputs, so `outputs` has to say what `{body.name}` gives"
            help_text = f"for example `outputs: {{{ports}}}`, with names of your own"
            self.found.error("several-outputs", message, item.span if item else body.span, help=help_text)
        return len(last.outputs) == 1

    def _span_of_output(self, body: Body, name: str) -> Span:
        return body.outputs[name][1] if name in body.outputs else body.span

    def _span_of_name(self, body: Body, output: str) -> Span:
        written = body.document.mapping.get("outputs")
        return written.entries[output].span if isinstance(written, MappingValue) else body.span

    def value_of(self, instance: Instance | None, span: Span, context: ListContext) -> Value | None:
        """What an instance gives, when it gives one thing."""
        return single_output(instance, span, context, self.found) if instance is not None else None

    def items(self, items: list[Item], context: ListContext, previous: Instance | None) -> Instance | None:
        """A list: each item reads the one before it."""
        for item in items:
            if not self._is_there(item, context):
                context.names.removed.update(_ids(item))
            else:
                previous = self._turns_of(item, context, previous)
        return previous

    def is_present(self, branch: Branch, context: ListContext) -> bool:
        """Whether a branch's `if` holds."""
        entry = branch.condition
        return entry is None or decide(entry.value.plain, entry.value.span, context, self.found)

    def _is_there(self, item: Item, context: ListContext) -> bool:
        return item.keys.if_ is None or decide(item.keys.if_, item.entries["if"].value.span, context, self.found)

    def _turns_of(self, item: Item, context: ListContext, previous: Instance | None) -> Instance | None:
        """All instances of an item; gives the one that the next item reads."""
        turns = turns_of(item, context, self.budget, self.found)
        given = item.keys.id
        if turns is None:
            return self._instance(item, str(given) if given is not None else context.position(), context, previous, {})
        if given is not None and not isinstance(given, IdRange):
            return self._repeat(item, str(given), turns, context, previous)
        names = given.names() if isinstance(given, IdRange) else [None] * len(turns)
        if len(names) != len(turns):
            message = f"the id names {len(names)} turns, but there are {len(turns)}"
            self.found.error("turns-differ", message, item.entries["id"].value.span, origin=context.origin)
        multiplicity = context.multiplicity
        context.multiplicity *= max(1, len(turns))
        for turn, (name, values) in enumerate(zip(names, turns, strict=False)):
            previous = self._instance(item, name or context.position(), context, previous, values, turn, len(turns))
        context.multiplicity = multiplicity
        return previous

    def _repeat(
        self, item: Item, name: str, turns: list[dict[str, Any]], context: ListContext, previous: Instance | None
    ) -> Instance | None:
        """A repeat with an id: a sequence `id` of turns `id.0`, `id.1`, ..."""
        path = context.path_of(name)
        if not self._is_free(name, path, item, context):
            return previous
        context.count += 1
        scope = self.scope(path, "sequence", context, Origin(item.span, path, context.origin), context.phase)
        names = Names(context.names, written=False)
        inner = context.inside(scope, names=names, multiplicity=context.multiplicity * max(1, len(turns)))
        with self.budget.level(item.span):
            for turn, values in enumerate(turns):
                previous = self._instance(item, str(turn), inner, previous, values, turn, len(turns))
        outputs = previous.outputs if previous is not None else ()
        scope.outputs = outputs
        context.names.define(
            name, Instance(path, outputs, scope, inner.names.own, unknown=previous is None or previous.unknown)
        )
        self.expansion.items[path] = item
        return context.names.own[name] if previous is not None else None

    def _instance(
        self,
        item: Item,
        name: str,
        context: ListContext,
        previous: Instance | None,
        values: Mapping[str, Any],
        turn: int = 0,
        turns: int = 1,
    ) -> Instance | None:
        """One instance of an item; gives what the next item reads, which a source leaves as it was."""
        path = context.path_of(name)
        hidden = context.hidden and item.keys.id is None
        if not self._is_free(name, path, item, context):
            return previous
        context.count += 1
        if hidden:
            self.expansion.hidden[path] = self.expansion.paths[path]
        origin = Origin(item.span, path, context.origin)
        bound = self._bound_item(item, context, origin)
        target = bound.target if not bound.broken else None
        is_source = _is_source(target)
        sources = sources_of(item, context, previous, is_source or _begins_lists(item), turn, self.found)
        use = uses.Use(
            bound, path, context, origin, self._phase(item, context, origin), sources, values, turn, previous
        )
        instance = self._make(use, target)
        self._note(use, turn, turns)
        context.names.define(name, instance)
        return previous if is_source and previous is not None else instance

    def _make(self, use: uses.Use, target: Any) -> Instance:
        if use.item.keys.share is not None and target is not None:
            return uses.shared(self, use)
        if target is None:
            return uses.unknown(self, use)
        if isinstance(target, Body):
            return uses.block(self, use, target)
        if isinstance(target, str):
            return uses.sequence(self, use)
        if use.item.branches is not None:
            return uses.join(self, use, target)
        return uses.node(self, use, target)

    def _note(self, use: uses.Use, turn: int, turns: int) -> None:
        """Keep what later stages need to know of an instance."""
        item, expansion = use.item, self.expansion
        expansion.items[use.path] = item
        if "input" in item.entries and turn == 0:
            self._assert("input", item.keys.input, use)
        if "output" in item.entries and turn == turns - 1:
            self._assert("output", item.keys.output, use)
        if item.keys.after is not None:
            self._register_after(use, item.keys.after)

    def _register_after(self, use: uses.Use, after: str) -> None:
        context = use.context
        if after in context.names.own:
            context.scope.register_after[use.path[len(context.path_of("")) :]] = after
            return
        message = f"`after` names an item of the same list, and there is no `{after}`"
        help_text = did_you_mean(after, context.names.own)
        self.found.error(
            "unknown-node", message, use.item.entries["after"].value.span, help=help_text, origin=use.origin
        )

    def _assert(self, side: Literal["input", "output"], shapes: Any, use: uses.Use) -> None:
        if shapes is not None:
            span = use.item.entries[side].value.span
            read = use.sources or [value for _, value in use.previous.outputs] if use.previous else use.sources
            assertion = Assertion(side, shapes, span, use.context.frame, use.origin, tuple(read or ()))
            self.expansion.assertions.setdefault(use.path, []).append(assertion)

    def branch(self, branch: Branch, context: ListContext, start: Instance | None, prefix: str) -> Instance | None:
        """A branch or a head: a named one adds a level to the path, an unnamed one does not."""
        if branch.from_ is not None:
            start = Instance.of(read_value(*branch.from_, context, self.found))
        if branch.name is None:
            inner = context.inside(prefix=prefix, hidden=True)
            last = self.items(branch.items, inner, start)
            context.names.own = {**inner.names.own, **context.names.own}
            return last
        if branch.single:
            return self._single_branch(branch.items[0], branch.name, context, start)
        if not branch.items:
            return start
        return self._named_branch(branch, branch.name, context, start)

    def _single_branch(self, item: Item, name: str, context: ListContext, start: Instance | None) -> Instance | None:
        if not self._is_there(item, context):
            context.names.removed.add(name)
            return start
        turns = turns_of(item, context, self.budget, self.found)
        if turns is None:
            return self._instance(item, name, context, start, {})
        return self._repeat(item, name, turns, context, start)

    def _named_branch(self, branch: Branch, name: str, context: ListContext, start: Instance | None) -> Instance | None:
        path = context.path_of(name)
        origin = Origin(branch.span, path, context.origin)
        if not self._claim(name, path, branch.span, context):
            return start
        scope = self.scope(path, "sequence", context, origin, context.phase)
        inner = context.inside(scope)
        with self.budget.level(branch.span):
            last = self.items(branch.items, inner, start)
        scope.outputs = last.outputs if last is not None else ()
        instance = Instance(path, scope.outputs, scope, inner.names.own, unknown=last is None or last.unknown)
        context.names.define(name, instance)
        return instance

    def _is_free(self, name: str, path: str, item: Item, context: ListContext) -> bool:
        return self._claim(name, path, item.entries["id"].value.span if "id" in item.entries else item.span, context)

    def _claim(self, name: str, path: str, span: Span, context: ListContext) -> bool:
        """Whether a path can be used, which it then is."""
        if reason := refusal(name):
            self.found.error("reserved-name", reason, span, help=f"choose another name, such as `{name}_`")
            return False
        taken = self.expansion.paths.get(path)
        if taken is not None:
            label = (Label(taken.span, "this one has it already"),)
            self.found.error(
                "duplicate-id",
                f"two items have the path `{path}`",
                span,
                labels=label,
                help="give one of them another `id`",
                origin=context.origin,
            )
            return False
        self.expansion.paths[path] = Origin(span, path, context.origin)
        return True

    def _phase(self, item: Item, context: ListContext, origin: Origin) -> Phase | None:
        own: Phase | None = item.keys.when  # type: ignore[assignment]
        if own is not None and context.phase is not None and own != context.phase:
            message = f"`{origin.path}` would run in {own} only, inside of something that runs in {context.phase} only"
            self.found.error("never-runs", message, item.entries["when"].value.span, origin=origin)
        return own or context.phase

    def _bound_item(self, item: Item, context: ListContext, origin: Origin) -> Item:
        """The item itself; `- $activation` bound to the op or block that the parameter names."""
        if not item.name.startswith("$") or item.broken:
            return item
        value = context.values().get(item.name[1:])
        name = str(value)
        key = (id(item), name)
        if key not in self._bound:
            bound = replace(item, name=name)
            bound.target = find_named(item, value, self.found, item.document, self.document, origin=origin)
            if bound.target is None:
                bound.broken = True
            else:
                bind_arguments(
                    bound, bound.target, self.found, frozenset(), lambda entries, _: _with(item.arguments, entries)
                )
            self._bound[key] = bound
        return self._bound[key]

    def add(self, node: Node) -> None:
        """Put a node into its scope."""
        node.scope.members.append(node)
        self.expansion.nodes[node.path] = node
        self.budget.count(node.origin.span)

    def scope(
        self, path: str, kind: Literal["block", "sequence"], context: ListContext, origin: Origin, phase: Phase | None
    ) -> Scope:
        """Open a scope inside the one at hand."""
        scope = Scope(path, kind, context.scope, origin, phase=phase, allow=context.allow)
        context.scope.members.append(scope)
        self.expansion.scopes[path] = scope
        self.budget.count(origin.span)
        return scope


def _with(arguments: Mapping[str, Argument], entries: Mapping[str, Entry]) -> dict[str, Argument]:
    return {key: arguments.get(key) or Argument(entry.value.plain, entry) for key, entry in entries.items()}


def _begins_lists(item: Item) -> bool:
    """Whether it is the lists inside of it that read what comes before, each as it says."""
    return item.body is None and (item.layers is not None or item.branches is not None)


def _is_source(target: Any) -> bool:
    return isinstance(target, type) and issubclass(target, Op) and not target.inputs and not target.variadic


def _ids(item: Item) -> list[str]:
    given = item.keys.id
    return given.names() if isinstance(given, IdRange) else [str(given)] if given is not None else []
