"""Ids that lie inside of an op: `conv.norm` beside a `conv` is a submodule of that convolution, where it can be one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec.frontend.instances import Expansion
from archspec.ir.graph import Deferred, Node, Scope
from archspec.source.diagnostic import Diagnostics, Label

TAKEN_BY_LAYERS: Final = frozenset(
    """
    _check_input_dim _conv_forward _fill_padding_idx_with_zero _reversed_padding_repeated_twice affine bias
    dilation elementwise_affine embedding_dim eps from_pretrained groups in_channels in_features init inplace
    kernel_size max_norm momentum norm_type normalized_shape num_batches_tracked num_channels num_embeddings
    num_features num_groups num_parameters out_channels out_features output_padding p padding padding_idx
    padding_mode reset_parameters reset_running_stats running_mean running_var scale_grad_by_freq sparse stride
    track_running_stats transposed weight
    """.split()  # noqa: SIM905 - they read better as words
)
"""The attributes of the torch modules that ops become, beyond those of every module; a test holds the list to torch."""


def check_nested_ids(expansion: Expansion, found: Diagnostics) -> None:
    """Report every id with dots that leads into something that cannot hold it."""
    members: list[Node | Scope] = [*expansion.nodes.values(), *expansion.scopes.values()]
    for member in members:
        scope = member.scope if isinstance(member, Node) else member.parent
        if "." not in member.name or (scope is not None and scope.share is not None):
            continue  # what lies in a scope that shares was looked at where it is shared from
        for outer, inner in _around(member, expansion):
            if reason := _refusal(outer, inner.partition(".")[0]):
                origin = member.origin
                assert origin is not None, "only the network itself has no origin"
                labels = (Label(outer.origin.span, f"`{outer.path}`"),) if outer.origin else ()
                help_text = "choose another id for one of them"
                found.error("reserved-name", reason, origin.span, labels=labels, help=help_text, origin=origin)
                break


def _around(member: Node | Scope, expansion: Expansion) -> Iterator[tuple[Node | Scope, str]]:
    """What the name of a member leads into on its way, and the rest of its path from there."""
    parts = member.path.split(".")
    for length in range(len(parts) - member.name.count("."), len(parts)):
        path = ".".join(parts[:length])
        outer = expansion.nodes.get(path) or expansion.scopes.get(path)
        if outer is not None:
            yield outer, ".".join(parts[length:])


def _refusal(outer: Node | Scope, name: str) -> str | None:
    """Why nothing called `name` can lie inside of a node or scope, or None when it can."""
    if outer.share is not None:
        return f"nothing can lie inside of `{outer.path}`, which is another item's module used again"
    if isinstance(outer, Scope) or outer.op is None:
        return None
    op = outer.op.op if isinstance(outer.op, Deferred) else type(outer.op)
    if op is None:
        return None  # an error was reported about it
    if not op.inputs and not op.variadic:
        return f"nothing can lie inside of `{outer.path}`, which is a tensor and no module"
    if name in TAKEN_BY_LAYERS or name in op.model_fields:
        return f"the id `{name}` is the name of something in the `{op.name}` that it would lie in"
    return None
