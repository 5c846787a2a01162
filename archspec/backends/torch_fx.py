"""Emit a graph as a module: `torch.nn` modules at the paths of the nodes, called by code that torch.fx generates.

Every scope becomes a submodule (`archspec.backends.scope_module`), so it can be hooked, frozen, sharded, checkpointed
or called by itself; its keys are those the graph says. The steps are: select the outputs wanted, plan what every scope
runs, build the modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import RLock

import torch

from archspec.backends.build import Builder
from archspec.backends.plan import Plan
from archspec.backends.scope_module import ScopeModule
from archspec.backends.select import keys_left_out, select_outputs
from archspec.ir.collector import collector_paused
from archspec.ir.graph import Graph


def emit(
    graph: Graph,
    *,
    outputs: Sequence[str] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> ScopeModule:
    """The module that a graph describes, in training mode, its weights drawn as torch or the spec says.

    Its forward takes the inputs by their names. It returns what the outputs of the phase (`.train()` or `.eval()`) are:
    one tensor, or a named tuple of several.

    Args:
        graph: an inferred graph without errors.
        outputs: the names of the outputs to keep; all where nothing is said. What only the others need is not built.
        device: where the weights are made; torch's default where nothing is said.
        dtype: of all floating-point weights; torch's default where nothing is said.

    Raises:
        ValueError: `outputs` names something that is no output, or nothing.
    """
    selected = graph if outputs is None else select_outputs(graph, outputs)
    with collector_paused(), _defaults(device, dtype):
        module = Builder(Plan(selected)).build()
    module.__dict__["__weight_maps__"] = graph.weight_maps
    module.__dict__["__graph__"] = selected
    module.__dict__["__left_out__"] = keys_left_out(graph, selected)
    return module


_BUILDING = RLock()
"""Held while torch's default dtype, which is one for all threads, may not be what the process set."""


@contextmanager
def _defaults(device: torch.device | str | None, dtype: torch.dtype | None) -> Iterator[None]:
    """Make torch's constructors use a device and a dtype: not all of them take these as arguments."""
    with _BUILDING, nullcontext() if device is None else torch.device(device):
        before = torch.get_default_dtype()
        try:
            torch.set_default_dtype(before if dtype is None else dtype)
            yield
        finally:
            torch.set_default_dtype(before)
