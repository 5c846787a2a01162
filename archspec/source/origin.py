"""Origin: which use of which block an instance came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.source.span import Span


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """One instance of an item: where the item is written, and the instance it is written inside of.

    Parents are shared between siblings, so a chain costs one object per instance.
    """

    span: Span
    """The item's name in the file (`conv` in `- conv: {...}`)."""
    path: str
    """The path of the instance, `mixed5.0.branch1x1`."""
    parent: Origin | None = None
    """The use of the block that this item is written in; None in the spec itself."""

    def uses(self) -> Iterator[Origin]:
        """The uses of blocks this instance sits in, innermost first."""
        use = self.parent
        while use is not None:
            yield use
            use = use.parent
