"""The bodies that a spec can use, and the items in one."""

from __future__ import annotations

from archspec.language.schema import Body, Document, Item


def reachable(document: Document) -> list[Body]:
    """The network, the blocks of its file, and those of included files, each once."""
    bodies: dict[int, Body] = {}
    pending = [document]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for body in [*current.blocks.values(), *([current.body] if current.body else []), *current.visible.values()]:
            bodies.setdefault(id(body), body)
            pending.append(body.document)
    return list(bodies.values())


def all_items(body: Body) -> list[Item]:
    """Every item of a body, those inside of others included."""
    items: list[Item] = []
    pending = [*body.layers, *(item for head in body.heads for item in head.items)]
    while pending:
        item = pending.pop()
        items.append(item)
        pending.extend(item.layers or ())
        pending.extend(inner for branch in item.branches or () for inner in branch.items)
    return items
