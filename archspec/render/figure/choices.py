"""What a reader may choose of a figure, as types: the command offers what stands here."""

from __future__ import annotations

from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["down", "up", "right", "left"]
"""Where it goes."""

Shapes: TypeAlias = Literal["hwc", "chw", "none"]
"""How arrows name the shape of their tensor: `35x35x288`, `288x35x35`, or not at all."""

Content: TypeAlias = Literal["paper", "names", "full"]
"""What boxes say: what papers do, the names of the spec too, or shapes and costs as well."""
