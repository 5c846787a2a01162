"""Networks of 10,000 nodes: compiled, run, pickled, copied; all that comes back computes the same."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import torch

import archspec
from archspec.source.span import Source
from benchmarks.generate import plain, repeated
from benchmarks.measure import Figure, interleave

NODES = 10_000


def figures() -> Iterator[Figure]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are tiny: on a busy machine threads would wait for each other at every node
    for what, text in (("rows", plain(NODES)), ("`repeat`", repeated(NODES))):
        for step, times in interleave(_steps(text), 3).items():
            yield Figure(f"{step}, by {what}", times.median, "s", None, f"min {times.minimum:.2f} s")
    torch.set_num_threads(threads)


def _steps(text: str) -> dict[str, Callable[[], Any]]:
    source = Source("generated.yaml", text)
    module = archspec.compile_spec(source).eval()
    image = torch.randn(1, 8, 32, 32)
    pickled = pickle.dumps(module)

    def forward() -> Any:
        with torch.inference_mode():
            return module(image)

    with torch.inference_mode():
        assert torch.equal(forward(), pickle.loads(pickled)(image))
        assert torch.equal(forward(), copy.deepcopy(module)(image))
    return {
        "`compile_spec`": lambda: archspec.compile_spec(source),
        "a forward, batch 1": forward,
        "`pickle.dumps`": lambda: pickle.dumps(module),
        "`pickle.loads`": lambda: pickle.loads(pickled),
        "`copy.deepcopy`": lambda: copy.deepcopy(module),
    }
