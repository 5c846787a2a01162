"""How large a network may be before it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """What is counted, in our own integers, before anything is built."""

    max_nodes: int = 200_000
    """Nodes and scopes of the graph."""
    max_depth: int = 48
    """Levels of scopes: blocks in blocks, sequences, branches, repeats."""
    max_parameters: int = 2**40
    """Learned numbers in all."""


LIMITS: Final = Limits()
"""What holds unless the user says otherwise."""
