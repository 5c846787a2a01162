"""Resolve: what every name in a file means, before anything is expanded.

Each item is bound to the op, block or structure that it uses; its attributes are checked against it, with the
file's defaults filled in; every `from` is checked to name something earlier. All of this happens once for each
place in a file, whether or not a block is used, so that every mistake is one diagnostic where it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from archspec.frontend.bodies import all_items, reachable
from archspec.frontend.closures import part_of
from archspec.frontend.load import STRUCTURES
from archspec.frontend.names import check_names
from archspec.frontend.parameters import check as check_parameter
from archspec.frontend.shorthands import add_shorthand
from archspec.frontend.targets import find_target
from archspec.ir.op import Op
from archspec.language.expression import Expression, ExpressionError, is_expression, parse
from archspec.language.fields import IdRange
from archspec.language.keys import BESIDE_ATTRIBUTES
from archspec.language.schema import Argument, Body, Branch, Document, Item
from archspec.language.validate import (
    did_you_mean,
    help_of_attribute,
    help_of_key,
    meant_key,
    one_of,
    shown,
    validate,
    without_a_dollar,
)
from archspec.language.values import Entry, Mapping, Scalar, Value
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.span import Span

JOINS: Final = "`concat`, `add` and `multiply` do: `concat: {branches: [[...], [...]]}`"
"""Help for branches where none can be."""


def resolve(document: Document, found: Diagnostics) -> None:
    """Resolve a document and every block that it can use, in place."""
    bodies = reachable(document)
    for body in bodies:
        _Resolver(body, found).resolve()
    _report_recursion(bodies, found)
    for source_document in {id(body.document): body.document for body in bodies}.values():
        _check_defaults(source_document, found)


class _Resolver:
    """Resolves the items of one body."""

    def __init__(self, body: Body, found: Diagnostics) -> None:
        self.body = body
        self.document = body.document
        self.found = found

    def resolve(self) -> None:
        names = frozenset(self.body.params) | self.body.dim_names
        clash = set(self.body.params) & self.body.dim_names
        for name in sorted(clash):
            message = f"`{name}` is a parameter and a dim of the same block"
            labels = tuple(Label(given.dims_value.span, "the dim") for given in self.body.inputs if given.dims_value)
            place = self.body.params[name].span
            self.found.error("name-conflict", message, place, labels=labels, help="rename one of them")
        for declaration in self.body.inputs:
            self._check_expressions(declaration.dims_value, frozenset(self.body.params))
        self._items(self.body.layers, names)
        for head in self.body.heads:
            self._branch(head, names)
        check_names(self.body, self.found)

    def _items(self, items: Iterable[Item], names: frozenset[str]) -> None:
        for item in items:
            self._item(item, names)

    def _branch(self, branch: Branch, names: frozenset[str]) -> None:
        if branch.condition is not None:
            self._check_expressions(branch.condition.value, names)
            if not isinstance(branch.condition.value.plain, bool) and not is_expression(branch.condition.value.plain):
                self.found.error(
                    "wrong-value",
                    f"`if` is {shown(branch.condition.value.plain)}; expected true, false, or an expression",
                    branch.condition.value.span,
                )
        if branch.single and branch.name is not None and "id" in branch.items[0].entries:
            message = f"this item is called `{branch.name}`, as its branch is"
            help_text = "remove the `id`, or write the branch as a list: `[{...}]`"
            self._misplaced(branch.items[0], "id", message, help_text)
        self._items(branch.items, names)

    def _item(self, item: Item, names: frozenset[str]) -> None:
        for key in ("if", "repeat", "each"):
            if key in item.entries:
                self._check_expressions(item.entries[key].value, names)
        inner = names
        if item.broken:
            return
        if item.name in STRUCTURES:
            inner = names | frozenset(item.keys.each or ()) | (item.body.dim_names if item.body else frozenset())
            item.target = item.name
            self._check_structure(item)
        elif item.name.startswith("$"):
            self._check_op_parameter(item, names)
        else:
            self._bind(item, names)
        if item.layers is not None:
            if item.name not in STRUCTURES:
                help_text = f"write these items after `{item.name}`, or a `sequence` that holds them"
                self._misplaced(item, "layers", "only a `sequence` holds `layers`", help_text)
                item.layers, item.broken = None, True
            self._items(item.layers or (), inner)
        for branch in item.branches or ():
            self._branch(branch, names)
        if item.name in STRUCTURES:
            _read_init(item, self.found)

    def _check_structure(self, item: Item) -> None:
        if item.layers is None and item.keys.share is None:
            self.found.error("missing-attribute", f"`{item.name}` needs the attribute `layers`", item.span)
            item.layers = []
        for key, entry in item.attributes.items():
            help_text = (
                did_you_mean(key, item.entries) or "it takes `layers`, `id`, `from`, `repeat`, `each`, `if`, `when`"
            )
            self.found.error("unknown-attribute", f"`{item.name}` has no attribute `{key}`", entry.span, help=help_text)
        if item.branches is not None:
            self._misplaced(item, "branches", "only an op that joins holds `branches`", JOINS)
            item.branches = None
        if item.shorthand is not None:
            self.found.error(
                "item-form",
                f"`{item.name}` takes no value of its own",
                item.shorthand.span,
                help="write its items under `layers`",
            )

    def _check_op_parameter(self, item: Item, names: frozenset[str]) -> None:
        name = item.name[1:]
        parameter = self.body.params.get(name)
        if parameter is None:
            item.broken = True
            help_text = did_you_mean(name, self.body.params)
            self.found.error(
                "unknown-parameter", f"`{self.body.name}` has no parameter `{name}`", item.span, help=help_text
            )
        elif parameter.type not in ("op", "any", "str"):
            item.broken = True
            self.found.error(
                "wrong-value",
                f"`{name}` is of type `{parameter.type}`; an item needs a parameter of type `op`",
                item.span,
                labels=(Label(parameter.span, "declared here"),),
            )
        item.arguments = self._arguments(item.attributes, names)

    def _bind(self, item: Item, names: frozenset[str]) -> None:
        target = find_target(item.name, item.span, self.found, self.document)
        if target is None:
            item.broken = True
            return
        item.target = target
        bind_arguments(item, target, self.found, names, self._arguments, self._names_here())

    def _names_here(self) -> Iterator[str]:
        """The names that something in this body has."""
        yield from ("in", *(declaration.name for declaration in self.body.inputs))
        yield from (str(head.name) for head in self.body.heads)
        for item in all_items(self.body):
            given = item.keys.id
            names = given.names() if isinstance(given, IdRange) else [str(given)]
            yield from (name.partition(".")[0] for name in names)

    def _arguments(self, entries: dict[str, Entry], names: frozenset[str]) -> dict[str, Argument]:
        return {
            key: Argument(entry.value.plain, entry, self._check_expressions(entry.value, names))
            for key, entry in entries.items()
        }

    def _check_expressions(self, value: Value | None, names: frozenset[str]) -> tuple[Expression, ...]:
        """The expressions in a value, having reported those that cannot be read or use unknown names."""
        if value is None:
            return ()
        if isinstance(value, Scalar):
            if not is_expression(value.value):
                return ()
            expression = self._read_expression(value, names)
            return (expression,) if expression else ()
        children = [entry.value for entry in value.entries.values()] if isinstance(value, Mapping) else value.items
        return tuple(expression for child in children for expression in self._check_expressions(child, names))

    def _read_expression(self, value: Scalar, names: frozenset[str]) -> Expression | None:
        try:
            expression = parse(str(value.value))
        except ExpressionError as error:
            place = part_of(value.span, str(value.value), error.offset, error.length)
            self.found.error(error.name, str(error), place, help=error.help)
            return None
        for name in expression.names:
            if name not in names:
                span = part_of(value.span, str(value.value), expression.place_of(name), len(name))
                help_text = did_you_mean(name, names) or (
                    one_of(sorted(names), "names here") if names else f"declare it under `params` of `{self.body.name}`"
                )
                self.found.error(
                    "unknown-parameter", f"`{self.body.name}` has no parameter or dim `{name}`", span, help=help_text
                )
                return None
        return expression

    def _misplaced(self, item: Item, key: str, message: str, help_text: str) -> None:
        self.found.error("misplaced-key", message, item.entries[key].span, help=help_text)


def bind_arguments(
    item: Item,
    target: type[Op] | Body,
    found: Diagnostics,
    names: frozenset[str],
    read: Any,
    seen: Iterable[str] = (),
) -> None:
    """Fill in an item's arguments from its attributes and the file's defaults, and check those that are plain.

    `seen` are the names of what stands around the item, which a value without a name may have meant.
    """
    entries = dict(item.attributes)
    if item.shorthand is not None:
        add_shorthand(item, target, entries, seen, found)
    defaults = item.document.defaults.get(item.name)
    if defaults is not None and item.keys.share is None:
        entries = {**defaults.entries, **entries}
    before = len(found)
    item.arguments = read(entries, names)
    for name in item.keys.each or ():
        if name in item.attributes:
            label = (Label(item.entries["each"].span, "and here, for each turn"),)
            message = f"`{name}` is given twice, by itself and by `each`"
            found.error("turns-differ", message, item.attributes[name].span, labels=label, help="keep one of the two")
    later = {name for name, argument in item.arguments.items() if argument.expressions or is_expression(argument.value)}
    later |= set(item.keys.each or ())
    if item.keys.share is None and not item.broken:
        if isinstance(target, Body):
            check_block_arguments(item, target, item.arguments, later, names, found)
        else:
            plain = {name: argument.value for name, argument in item.arguments.items() if name not in later}
            op = validate(
                target,
                plain,
                entries,
                found,
                owner=f"`{item.name}`",
                span=item.span,
                noun="attribute",
                later=later,
                also=BESIDE_ATTRIBUTES,
                variables=names,
            )
            item.op = op if not later else None
            _report_unknown_later(target, later, item, found)
        if item.branches is not None and (isinstance(target, Body) or not target.variadic):
            found.error(
                "misplaced-key",
                "only an op that joins holds `branches`",
                item.entries["branches"].span,
                help=JOINS,
            )
            item.branches = None
    item.broken = item.broken or len(found) > before
    _read_init(item, found)


def _read_init(item: Item, found: Diagnostics) -> None:
    if "init" in item.entries:
        from archspec.frontend.initializers import read_by_op, read_by_weight  # most specs have none

        read = read_by_op if isinstance(item.target, Body | str) else read_by_weight
        item.init = dict(read(item.entries["init"].value, found))


def check_block_arguments(
    item: Item, block: Body, arguments: dict[str, Argument], later: set[str], names: frozenset[str], found: Diagnostics
) -> None:
    """Check the arguments of a block's use, written where there are certain names, against its parameters."""
    for name in {**arguments, **dict.fromkeys(sorted(later))}:
        argument = arguments.get(name)
        span = argument.entry.span if argument and argument.entry else span_of_turns(item, name)
        if name not in block.params:
            help_text = help_of_key(name, block.params, "its parameters", BESIDE_ATTRIBUTES)
            label = (Label(block.span, "defined here"),)
            found.error(
                "unknown-attribute",
                f"block `{block.name}` has no parameter `{name}`",
                span,
                help=help_text,
                labels=label,
            )
        elif argument is not None and name not in later:
            place = argument.entry.value.span if argument.entry else item.span
            dollar = without_a_dollar(argument.value, names)
            check_parameter(block.params[name], argument.value, f"block `{block.name}`", place, found, help=dollar)
    meant = {meant_key(name, block.params) for name in {*arguments, *later} if name not in block.params}
    for name, parameter in block.params.items():
        if parameter.broken:
            continue
        if parameter.default is None and name not in arguments and name not in later and name not in meant:
            label = (Label(parameter.span, "declared here"),)
            found.error(
                "missing-attribute", f"block `{block.name}` needs the parameter `{name}`", item.span, labels=label
            )


def _report_unknown_later(target: type[Op], later: set[str], item: Item, found: Diagnostics) -> None:
    """Names of attributes are known even where their values are not."""
    for name in sorted(later - set(target.model_fields)):
        entry = item.arguments[name].entry if name in item.arguments else None
        span = entry.span if entry else span_of_turns(item, name)
        help_text = help_of_attribute(name, target.model_fields, "its attributes are", BESIDE_ATTRIBUTES)
        found.error("unknown-attribute", f"`{item.name}` has no attribute `{name}`", span, help=help_text)


def span_of_turns(item: Item, name: str) -> Span:
    """Where an item's `each` gives the values of an attribute; the item itself where it does not."""
    each = item.entries.get("each")
    columns = each.value if each is not None else None
    return columns.entries[name].span if isinstance(columns, Mapping) and name in columns.entries else item.span


def _check_defaults(document: Document, found: Diagnostics) -> None:
    entries = document.mapping.get("defaults")
    for name, defaults in document.defaults.items():
        span = entries.entries[name].span if isinstance(entries, Mapping) else defaults.span
        target = find_target(name, span, found, document)
        if target is None:
            continue
        fields = target.params if isinstance(target, Body) else target.model_fields
        for key, entry in defaults.entries.items():
            if key not in fields:
                found.error(
                    "unknown-attribute",
                    f"`{name}` has no attribute `{key}`",
                    entry.span,
                    help=help_of_attribute(key, fields, "its attributes are"),
                )


def _report_recursion(bodies: list[Body], found: Diagnostics) -> None:
    """A block that uses itself, directly or through others, has no end."""
    uses = {
        id(body): [(item, item.target) for item in all_items(body) if isinstance(item.target, Body)] for body in bodies
    }
    done: set[int] = set()
    for body in bodies:
        path: list[Body] = []
        _visit(body, uses, path, done, found)


def _visit(
    body: Body, uses: dict[int, list[tuple[Item, Body]]], path: list[Body], done: set[int], found: Diagnostics
) -> None:
    """Depth first, with an explicit stack: chains of blocks may be long."""
    stack = [(body, iter(uses.get(id(body), ())))]
    path.append(body)
    while stack:
        current, pending = stack[-1]
        step = next(pending, None)
        if step is None:
            stack.pop()
            path.pop()
            done.add(id(current))
            continue
        item, target = step
        if target in path:
            names = [block.name for block in path[path.index(target) :]] + [target.name]
            item.broken = True
            found.error(
                "recursive-block",
                f"block `{target.name}` contains itself: {' -> '.join(names)}",
                item.span,
                labels=(Label(target.span, "defined here"),),
            )
        elif id(target) not in done:
            stack.append((target, iter(uses.get(id(target), ()))))
            path.append(target)
