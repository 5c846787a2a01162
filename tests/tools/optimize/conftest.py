from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archspec
from archspec.backends.torch_fx import emit
from archspec.source.span import Source
from tests.tools.optimize.small import SPEC


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    made: Any = emit(archspec.load_graph(Source("small.yaml", SPEC)))
    nn.init.uniform_(made.bn.weight, -1.5, 1.5)
    nn.init.normal_(made.bn.bias)
    made.bn.running_mean.normal_()
    made.bn.running_var.uniform_(0.1, 2)
    return made
