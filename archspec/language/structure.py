"""From the values of a file to its structure: a `Document` of bodies of items."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from archspec.language import fields
from archspec.language.header import entries_of, list_parameters, read_inputs, read_parameter
from archspec.language.keys import (
    RESERVED,
    SEQUENCE_KEYS,
    BlockKeys,
    ItemKeys,
    Keys,
    SequenceKeys,
    SpecKeys,
)
from archspec.language.schema import Body, Branch, Document, Item
from archspec.language.validate import shown, validate
from archspec.language.values import Entry, Mapping, Scalar, Sequence, Value
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span

_ONE_BY_ONE: Final[dict[str, tuple[type, Any]]] = {"outputs": (Mapping, {"": "0"}), "in": (Sequence, ["N"])}
"""Keys whose parts are read one by one, each with its own place; what stands in for them until then."""
K = TypeVar("K", bound=Keys)


def read_document(value: Value, found: Diagnostics) -> Document | None:
    """The structure of a whole file; None when it is no mapping of anything."""
    if not isinstance(value, Mapping) or not value.entries:
        found.error(
            "not-a-spec",
            "a spec is a mapping, with `archspec: 1` at its top",
            value.span,
            help="`archspec new` writes a spec to start from",
        )
        return None
    keys = _read_keys(SpecKeys, value, found, owner="a spec", span=_start_of(value))
    document = Document(value.source, value, keys)
    for entry in entries_of(value, "blocks"):
        block = _read_block(entry, document, found)
        if block is not None:
            document.blocks[entry.key] = block
    for entry in entries_of(value, "defaults"):
        if isinstance(entry.value, Mapping):
            document.defaults[entry.key] = entry.value
        else:
            found.error(
                "wrong-value",
                f"the defaults of `{entry.key}` are attributes with values",
                entry.value.span,
                help="for example `conv: {bias: false}`",
            )
    if "layers" in value.entries or "inputs" in value.entries or keys.extends:
        document.body = _read_network(document, found)
    return document


def read_items(value: Value | None, document: Document, found: Diagnostics) -> list[Item]:
    """The items of a list."""
    if value is None:
        return []
    if not isinstance(value, Sequence):
        found.error(
            "wrong-value",
            f"a list of items is needed here, but this is {shown(value.plain)}",
            value.span,
            help="begin each item with `- `",
        )
        return []
    return [item for item in (read_item(child, document, found) for child in value.items) if item is not None]


def read_item(value: Value, document: Document, found: Diagnostics) -> Item | None:
    """One item: `- relu`, `- conv: {kernel: 3}` or `- dropout: 0.2`."""
    if isinstance(value, Scalar) and isinstance(value.value, str) and value.value:
        return Item(value.value, value.span, document, {})
    if not isinstance(value, Mapping) or len(value.entries) != 1:
        _report_item_form(value, found)
        return _misformed(value, document)
    (entry,) = value.entries.values()
    item = Item(entry.key, entry.span, document, {})
    if isinstance(entry.value, Mapping):
        _read_attributes(item, entry.value, found)
    elif isinstance(entry.value, Scalar) and entry.value.value is None:
        found.error(
            "item-form",
            f"`{entry.key}:` has nothing after its colon",
            entry.span,
            help=f"write `- {entry.key}` where it needs no attributes",
        )
        item.broken = True
    else:
        item.shorthand = entry.value
    return item


def _misformed(value: Value, document: Document) -> Item:
    """What stands in the list where no item can be read: by its `id` at least, others may refer to it."""
    given = value.get("id") if isinstance(value, Mapping) else None
    right = _without_errors(ItemKeys, {"id": given.plain} if given is not None else {})
    return Item("?", value.span, document, {}, keys=right, broken=True)


def _read_network(document: Document, found: Diagnostics) -> Body:
    mapping, keys = document.mapping, document.keys
    name_entry = mapping.entries.get("name")
    span = name_entry.value.span if name_entry else _start_of(mapping)
    if keys.name is None and name_entry is None:
        found.error("missing-key", "a spec needs the key `name`", span, help="for example `name: my_network`")
    body = Body(keys.name or "network", span, document, title=keys.title, is_file=True)
    _read_body(body, mapping, found)
    if not keys.extends:
        body.layers = read_items(mapping.get("layers"), document, found)
        for required in ("inputs", "layers"):
            if required not in mapping.entries:
                found.error("missing-key", f"a spec needs the key `{required}`", span)
    return body


def _read_block(entry: Entry, document: Document, found: Diagnostics) -> Body | None:
    if not fields.is_name(entry.key):
        found.error(
            "wrong-name",
            f"`{entry.key}` cannot name a block",
            entry.span,
            help="use letters, digits and `_`, not beginning with a digit",
        )
        return None
    if not isinstance(entry.value, Mapping):
        found.error(
            "wrong-value",
            f"block `{entry.key}` is {shown(entry.value.plain)}; expected a mapping with `layers`",
            entry.value.span,
        )
        return None
    keys = _read_keys(BlockKeys, entry.value, found, owner=f"block `{entry.key}`", span=entry.span)
    block = Body(entry.key, entry.span, document, title=keys.title)
    if "layers" not in entry.value.entries:
        found.error("missing-key", f"block `{entry.key}` needs the key `layers`", entry.span)
    _read_body(block, entry.value, found)
    block.layers = read_items(entry.value.get("layers"), document, found)
    return block


def _read_body(body: Body, mapping: Mapping, found: Diagnostics) -> None:
    for entry in entries_of(mapping, "params"):
        read_parameter(body, entry, found)
    listed = mapping.get("params")
    if isinstance(listed, Sequence):
        list_parameters(body, listed)
    read_inputs(body, mapping, found)
    _read_outputs(body, mapping, found)
    for entry in entries_of(mapping, "heads"):
        head = _read_branch(entry.key, entry.span, entry.value, body.document, found)
        if head is not None:
            body.heads.append(head)


def _read_outputs(body: Body, mapping: Mapping, found: Diagnostics) -> None:
    for entry in entries_of(mapping, "outputs"):
        if not fields.is_name(entry.key):
            message = f"`{entry.key}` cannot name an output"
            help_text = "use letters, digits and `_`, not beginning with a digit"
            found.error("wrong-name", message, entry.span, help=help_text)
        elif not fields.is_path(entry.value.plain):
            message = f"output `{entry.key}` is {shown(entry.value.plain)}; expected the path of a node"
            found.error("wrong-value", message, entry.value.span, help="for example `outputs: {logits: logits}`")
        else:
            body.outputs[entry.key] = (str(entry.value.plain), entry.value.span)


def _read_attributes(item: Item, mapping: Mapping, found: Diagnostics) -> None:
    reserved = SEQUENCE_KEYS if item.name == "sequence" else RESERVED
    item.entries = {key: entry for key, entry in mapping.entries.items() if key in reserved}
    item.attributes = {key: entry for key, entry in mapping.entries.items() if key not in reserved}
    if not item.entries:
        return
    model = SequenceKeys if item.name == "sequence" else ItemKeys
    plain = {
        key: _outline(key, entry.value) if key in _ONE_BY_ONE else entry.value.plain
        for key, entry in item.entries.items()
        if key not in ("branches", "layers")
    }
    keys = validate(model, plain, item.entries, found, owner=f"`{item.name}`", span=item.span)
    item.keys = keys if keys is not None else _without_errors(model, plain)
    if "branches" in item.entries:
        item.branches = _read_branches(item.entries["branches"].value, item.document, found)
    if "layers" in item.entries:
        item.layers = read_items(item.entries["layers"].value, item.document, found)
    if item.name == "sequence" and item.entries.keys() & {"block", "in", "inputs", "outputs"}:
        item.body = Body(item.keys.block or "sequence", item.span, item.document, layers=item.layers or [])
        read_inputs(item.body, mapping, found)
        _read_outputs(item.body, mapping, found)


def _without_errors(model: type[ItemKeys], plain: dict[str, Any]) -> ItemKeys:
    """The keys that are right, so that what depends on them is not reported too."""
    right: dict[str, Any] = {}
    for key, value in plain.items():
        try:
            model.model_validate({key: value})
        except ValueError:
            continue
        right[key] = value
    return model.model_validate(right)


def _read_branches(value: Value, document: Document, found: Diagnostics) -> list[Branch]:
    if isinstance(value, Mapping):
        given = [_read_branch(entry.key, entry.span, entry.value, document, found) for entry in value.entries.values()]
    elif isinstance(value, Sequence):
        given = [_read_branch(None, child.span, child, document, found) for child in value.items]
    else:
        found.error(
            "wrong-value",
            f"`branches` is {shown(value.plain)}; expected a list of branches, or a mapping from their names",
            value.span,
        )
        return []
    return [branch for branch in given if branch is not None]


def _read_branch(name: str | None, span: Span, value: Value, document: Document, found: Diagnostics) -> Branch | None:
    """A list of items, one item, or `{from: path, if: $flag, layers: [...]}`."""
    if name is not None and not fields.is_name(name) and not name.isdigit():
        found.error("wrong-name", f"`{name}` cannot name a branch", span, help="use letters, digits and `_`")
        return None
    if isinstance(value, Sequence):
        return Branch(name, span, read_items(value, document, found), single=False)
    if isinstance(value, Mapping) and "layers" in value.entries:
        branch = Branch(name, span, read_items(value.get("layers"), document, found), single=False)
        for key, entry in value.entries.items():
            if key == "from" and isinstance(entry.value.plain, str):
                branch.from_ = (entry.value.plain, entry.value.span)
            elif key == "if":
                branch.condition = entry
            elif key != "layers":
                found.error(
                    "unknown-key",
                    f"a branch has no key `{key}`",
                    entry.span,
                    help="its keys are: `from`, `if`, `layers`",
                )
        return branch
    item = read_item(value, document, found)
    return Branch(name, item.span if name is None else span, [item], single=True) if item else None


def _report_item_form(value: Value, found: Diagnostics) -> None:
    help_text = "write `- conv: {kernel: 3, channels: 64}`, or `- relu` where nothing is set"
    if isinstance(value, Mapping) and len(value.entries) > 1:
        first, second = list(value.entries.values())[:2]
        if isinstance(first.value, Scalar) and first.value.value is None:
            help_text = (
                f"indent `{second.key}` further than `{first.key}`, or write `- {first.key}: {{{second.key}: ...}}`"
            )
        else:
            help_text = f"begin another item for it: `- {second.key}: ...`"
        found.error(
            "item-form",
            f"an item has one key, the op or block it uses, but this one has {len(value.entries)}",
            second.span,
            help=help_text,
        )
        return
    found.error(
        "item-form",
        f"an item is an op or block with its attributes, but this is {shown(value.plain)}",
        value.span,
        help=help_text,
    )


def _read_keys(model: type[K], mapping: Mapping, found: Diagnostics, *, owner: str, span: Span) -> K:
    plain = {key: _outline(key, entry.value) for key, entry in mapping.entries.items()}
    keys = validate(model, plain, mapping.entries, found, owner=owner, span=span)
    if keys is not None:
        return keys
    right = {key: plain[key] for key in ("name", "title", "extends", "in") if isinstance(plain.get(key), str)}
    return cast("K", model.model_construct(**right))


def _outline(key: str, value: Value) -> Any:
    """The plain value as far as the keys' model looks into it: what has a reader of its own stays closed."""
    if key == "layers":
        return None
    if key in _ONE_BY_ONE and (value.entries if isinstance(value, Mapping) else value.plain):
        kind, stand_in = _ONE_BY_ONE[key]
        return stand_in if isinstance(value, kind) else value.plain
    return {} if isinstance(value, Mapping) else value.plain


def _start_of(mapping: Mapping) -> Span:
    first = next(iter(mapping.entries.values()), None)
    return first.span if first else mapping.span
