"""How large a spec and its network may be before it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from archspec.language.reader import Limits as TextLimits

AnyLimits = TypeVar("AnyLimits", "Limits", TextLimits)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is counted, in our own integers, before anything is built."""

    text: TextLimits = field(default_factory=TextLimits)
    """Of one file."""
    max_nodes: int = 200_000
    """Nodes and scopes of the graph."""
    max_levels: int = 48
    """Levels of scopes: blocks in blocks, sequences, branches, repeats."""
    max_parameters: int = 2**40
    """Numbers that the module holds in all: parameters, buffers and constants."""


LIMITS: Final = Limits()
"""What holds unless the user says otherwise."""
OF_TEXT: Final = {"bytes": "max_bytes", "values": "max_nodes", "nesting": "max_depth", "aliases": "max_alias_nodes"}
OF_NETWORK: Final = {"nodes": "max_nodes", "levels": "max_levels", "parameters": "max_parameters"}


def limits_from(settings: Iterable[str]) -> Limits:
    """The limits with some raised or lowered, each given as `name=number`.

    Raises:
        ValueError: there is no such limit, or it is given no positive whole number.
    """
    limits = LIMITS
    for setting in settings:
        name, _, number = setting.partition("=")
        if name not in OF_TEXT and name not in OF_NETWORK:
            raise ValueError(f"there is no limit `{name}`; they are: {', '.join([*OF_TEXT, *OF_NETWORK])}")
        if not number.isdecimal() or int(number) < 1:
            raise ValueError(f"`{setting}` gives `{name}` no positive whole number, as in `{name}=1000000`")
        if name in OF_TEXT:
            limits = replace(limits, text=_with(limits.text, OF_TEXT[name], int(number)))
        else:
            limits = _with(limits, OF_NETWORK[name], int(number))
    return limits


def _with(limits: AnyLimits, name: str, number: int) -> AnyLimits:
    changes: dict[str, Any] = {name: number}
    return replace(limits, **changes)
