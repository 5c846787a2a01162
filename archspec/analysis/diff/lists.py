"""Lists: which members of a list are the same parts as those of another one.

A name that somebody gave is kept to; a position in a list is no name, as whatever is put before it changes it. So
members of one name belong together, the others where they stand in the same order and are the same, then where they
are of one kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from archspec.analysis.diff.alignment import align
from archspec.analysis.diff.side import Member, Side, is_positional, op_name
from archspec.ir.graph import Node, Scope


def in_lists(
    before: Side, ones: Sequence[Member], after: Side, others: Sequence[Member]
) -> Iterable[tuple[Member, Member]]:
    """The members of two lists that belong together: by name; or by order and what they are, then their kind.

    Args:
        before: the network that the first list is of.
        ones: the first list.
        after: the network that the second list is of.
        others: the second list.
    """
    by_name = {other.name: other for other in others if not is_positional(other)}
    found = {one: by_name[one.name] for one in ones if one.name in by_name and _fit(one, by_name[one.name])}
    for known_by in (_by_contents, _by_skeleton, _by_kind, _by_beginning, _by_name):
        fixed = set(found.values())
        places = align(
            [found.get(one) or known_by(before, one) for one in ones],
            [other if other in fixed else known_by(after, other) for other in others],
        )
        found |= {ones[place]: others[other] for place, other in places}
    return found.items()


def _fit(one: Member, other: Member) -> bool:
    """Whether two members of one name may be one: nodes of the same op, scopes that are not of different kinds."""
    if isinstance(one, Node) and isinstance(other, Node):
        return op_name(one) == op_name(other)
    if isinstance(one, Scope) and isinstance(other, Scope):
        kinds = [_turns(scope) for scope in (one, other)]
        return None in kinds or kinds[0] == kinds[1]
    return False


def _turns(scope: Scope) -> str | None:
    """The block that all members of a sequence are uses of; None where they are not of one."""
    blocks = {member.block if isinstance(member, Scope) else None for member in scope.members}
    return blocks.pop() if scope.kind == "sequence" and len(blocks) == 1 else None


def _by_contents(side: Side, member: Member) -> Hashable:
    return side.contents[member]


def _by_skeleton(side: Side, member: Member) -> Hashable:
    """A node with a name is another one, when it has another name and other attributes."""
    return member if isinstance(member, Node) and not is_positional(member) else side.skeletons[member]


def _by_kind(_: Side, member: Member) -> Hashable:
    """Uses of one block are of one kind, and so are sequences of those, and sequences without a name."""
    if not isinstance(member, Scope):
        return member
    turns = _turns(member)
    if turns is not None:
        return "sequence", turns
    return member.block or ("sequence" if is_positional(member) else member)


def _by_beginning(_: Side, member: Member) -> Hashable:
    """Scopes without a name that hold nodes alone go by the op that they begin with."""
    if not isinstance(member, Scope) or not is_positional(member):
        return member
    nodes = [inner for inner in member.members if isinstance(inner, Node)]
    return op_name(nodes[0]) if nodes and len(nodes) == len(member.members) else member


def _by_name(_: Side, member: Member) -> Hashable:
    """Scopes of one name are one where nothing else was found for them, whatever is in them."""
    return ("name", member.name) if isinstance(member, Scope) and not is_positional(member) else member
