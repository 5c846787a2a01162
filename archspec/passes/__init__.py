"""Passes: graph to graph, for inference. A pass is one file and one entry here, in the order in which they run."""

from __future__ import annotations

from archspec.passes import (
    commute_pooling,
    drop_identities,
    fold_into_earlier,
    fold_into_later,
    fuse_convolutions,
    merge_convolutions,
)
from archspec.passes.pass_type import Pass

PASSES: tuple[Pass, ...] = (
    drop_identities.PASS,
    fold_into_earlier.PASS,
    fold_into_later.PASS,
    commute_pooling.PASS,
    merge_convolutions.PASS,
    fuse_convolutions.PASS,
)
"""All passes."""
