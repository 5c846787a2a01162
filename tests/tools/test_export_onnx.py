from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import archspec

LENET = Path(__file__).parents[2] / "specs/lenet.yaml"


def test_the_file_computes_what_the_module_does(tmp_path: Path) -> None:
    model = archspec.compile_spec(LENET)
    image = torch.randn(3, 1, 32, 32)
    for fold in (True, False):
        archspec.export_onnx(model, tmp_path / "lenet.onnx", fold=fold)
        onnx.checker.check_model(str(tmp_path / "lenet.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(tmp_path / "lenet.onnx")
        (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), model.eval()(image), rtol=1e-5, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["lenet.onnx"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(archspec.OptimizeError, match="only what `archspec"):
        archspec.export_onnx(nn.Linear(2, 2), tmp_path / "linear.onnx")
    with pytest.raises(OSError, match="No such file"):
        archspec.export_onnx(archspec.compile_spec(LENET), tmp_path / "no" / "folder.onnx")
    assert list(tmp_path.iterdir()) == []
