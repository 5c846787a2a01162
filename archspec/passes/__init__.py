"""Passes: graph to graph, for inference. A pass is one file and one entry here, in the order in which they run."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TypeAlias

from archspec.ir.collector import collector_paused
from archspec.passes import (
    commute_pooling,
    drop_identities,
    fold_into_earlier,
    fold_into_later,
    fuse_convolutions,
    fuse_linears,
    merge_convolutions,
)
from archspec.passes.network import Network
from archspec.passes.pass_type import Pass
from archspec.passes.verify import faults

PASSES: tuple[Pass, ...] = (
    drop_identities.PASS,
    fold_into_earlier.PASS,
    fold_into_later.PASS,
    commute_pooling.PASS,
    merge_convolutions.PASS,
    fuse_convolutions.PASS,
    fuse_linears.PASS,
)
"""All passes."""
_FUSING = (fuse_convolutions.PASS, fuse_linears.PASS)
FOLDING: tuple[Pass, ...] = tuple(each for each in PASSES if each not in _FUSING)
"""Those that leave nodes which any engine can run."""


Done: TypeAlias = dict[tuple[str, ...], tuple[Network, int]]
"""What one network has become after some passes, by their names, and how often the last one has rewritten something."""


def run_passes(
    network: Network, passes: Iterable[Pass], tried: Container[str] = (), done: Done | None = None
) -> tuple[Network, dict[str, int]]:
    """A network after passes, and how often each has rewritten something.

    Each finds nothing more right after itself; all of them a second time may, as later ones make work for earlier ones.

    Args:
        network: what to begin with.
        passes: in order.
        tried: the names of those to run that are only run where they were seen to help.
        done: what the very network has become before, which is not done again; added to.
    """
    done = {} if done is None else done
    counts: dict[str, int] = {}
    with collector_paused():
        for each in passes:
            if not each.is_measured or each.name in tried:
                names = (*counts, each.name)
                if names not in done:
                    done[names] = _run(each, network)
                network, counts[each.name] = done[names]
    return network, counts


def _run(each: Pass, network: Network) -> tuple[Network, int]:
    network, count = each(network)
    fault = next(faults(network), None) if count else None
    assert fault is None, f"{each.name}: {fault}"
    return network, count
