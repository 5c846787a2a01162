"""The pipeline: from a path or a text to diagnostics, a graph, a module."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec.compiler import check_spec, compile_spec, load_graph
from archspec.source.diagnostic import SpecError
from tests.specs import spec

TINY = """
        params: {classes: 3}
        layers:
          - conv: {id: stem, kernel: 3, channels: 2}
          - global_avg_pool
          - flatten
          - linear: {id: fc, features: $classes}
        heads: {aux: {relu: {from: stem, when: training}}}
        outputs: {logits: fc, aux: aux}
"""


def test_a_spec_is_a_path_or_a_text_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(spec(TINY).text, encoding="utf-8")
    assert len(load_graph(path)) == len(load_graph(str(path))) == len(load_graph(spec(TINY))) == 6


def test_a_module_is_ordinary_and_takes_parameters_outputs_device_and_dtype() -> None:
    module = compile_spec(spec(TINY), {"classes": 5}, outputs=["logits"], device="meta", dtype=torch.float64)
    assert isinstance(module, nn.Module)
    weight = module.get_parameter("fc.weight")
    assert (weight.shape, weight.device.type, weight.dtype) == ((5, 2), "meta", torch.float64)


def test_a_module_names_its_outputs_by_phase() -> None:
    module = compile_spec(spec(TINY))
    assert module(torch.rand(2, 4, 8, 8))._fields == ("logits", "aux")
    assert module.eval()(torch.rand(2, 4, 8, 8)).shape == (2, 3)


def test_an_error_says_everything_as_check_prints_it() -> None:
    with pytest.raises(SpecError) as caught:
        load_graph(spec("layers: [{relu: {id: half}}, {conv: {kernel: 3, chanels: 2}}]"))
    assert [error.name for error in caught.value.diagnostics] == ["reserved-name", "unknown-attribute"]
    assert "did you mean `channels`?" in str(caught.value)
    assert "2 errors" in str(caught.value)


def test_a_spec_that_is_not_there_is_an_error_too(tmp_path: Path) -> None:
    (found,) = check_spec(tmp_path / "nowhere.yaml")
    assert found.name == "file-not-found"


def test_the_front_door_opens_to_the_same_functions() -> None:
    assert archspec.compile_spec is compile_spec
    assert archspec.load_graph is load_graph


def test_a_file_of_blocks_is_fine_to_check_and_no_graph(tmp_path: Path) -> None:
    blocks = tmp_path / "blocks.yaml"
    blocks.write_text("archspec: 1\nblocks: {unit: {layers: [relu]}}\n")
    assert not check_spec(blocks).failed
    with pytest.raises(SpecError, match="no network"):
        load_graph(blocks)
