"""Pass: a rewriting of networks that leaves alone what they compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archspec.passes.network import Network
from archspec.passes.rewrite import Rewrite


@dataclass(frozen=True)
class Pass:
    """One rewriting; what makes it legal is said where it is defined."""

    name: str
    """In reports: `fold-into-earlier`."""
    does: str
    """What it does, in a few words."""
    rewrite: Callable[[Rewrite], int]
    """Changes what it finds, and counts it."""
    is_measured: bool = False
    """Whether it depends on the machine if it makes a network faster, so that it is only kept where it was seen to."""

    def __call__(self, network: Network) -> tuple[Network, int]:
        """The network rewritten, and how often something was."""
        rewrite = Rewrite(network)
        count = self.rewrite(rewrite)
        return (rewrite.finish(), count) if count else (network, 0)
