"""Entries: where a tensor that several boxes of a frame read comes into it, to part inside.

They are for the layout: Graphviz keeps branches in the order of the spec only where they come from the frame itself,
and one arrow crosses less than many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from archspec.render.figure.view import Arrow, Box, Figure, Frame


@dataclass(frozen=True, slots=True)
class Entry:
    """A point in a frame that a tensor comes to first."""

    frame: str
    """The id of the frame."""
    way: Arrow
    """The arrow to it, with the label of those that go on from it."""
    further: tuple[Arrow, ...]
    """The arrows from it."""

    @property
    def id(self) -> str:
        """Of its own, whatever its frame is called: no path has a colon."""
        return self.way.target


def entries(figure: Figure) -> list[Entry]:
    """The entries of a figure, in the order of its arrows."""
    around = dict(_around(figure.root, ()))
    groups: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in figure.arrows:
        entered = _entered(around, arrow)
        if entered:
            groups.setdefault((arrow.source, entered[0]), []).append(arrow)
    return [
        Entry(frame, _way(source, frame, arrows), tuple(arrows))
        for (source, _), arrows in groups.items()
        if len(arrows) > 1 and len({arrow.type for arrow in arrows}) == 1
        for frame in [_innermost([_entered(around, arrow) for arrow in arrows])]
    ]


def _entered(around: Mapping[str, tuple[str, ...]], arrow: Arrow) -> tuple[str, ...]:
    """The frames that an arrow comes into, outermost first."""
    outside = around.get(arrow.source, ())
    return tuple(frame for frame in around.get(arrow.target, ()) if frame not in outside)


def _innermost(chains: Sequence[tuple[str, ...]]) -> str:
    """The innermost frame that several arrows come into."""
    first, *others = chains
    return [frame for frame in first if all(frame in frames for frames in others)][-1]


def _way(source: str, frame: str, arrows: list[Arrow]) -> Arrow:
    phases = {arrow.phase for arrow in arrows}
    phase = phases.pop() if len(phases) == 1 else None
    return Arrow(
        source,
        f"entry:{frame}:{source}",
        arrows[0].value,
        arrows[0].type,
        phase,
        any(arrow.is_labelled for arrow in arrows),
    )


def _around(frame: Frame, outside: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The ids of the frames around each box, outermost first; the whole is none."""
    for member in frame.members:
        if isinstance(member, Box):
            yield member.id, outside
        else:
            yield from _around(member, (*outside, member.id))
