"""The ops are held to torch, as those of the catalogue are."""

from pathlib import Path

import pytest
import torch
from archspec_toy_ops import BlurPool, Maxout

import archspec
from archspec.testing import check_op

SPEC = """
archspec: 1
name: blur
inputs: {image: [N, 1, H, W]}
layers: [{blur_pool: {taps: 5}}]
"""


@pytest.mark.parametrize("op", [BlurPool, Maxout])
def test_an_op_keeps_the_contract(op: type[archspec.Op]) -> None:
    check_op(op)


def test_a_blur_leaves_an_even_image_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "blur.yaml").write_text(SPEC, encoding="utf-8")
    blur = archspec.compile_spec(tmp_path / "blur.yaml")
    torch.testing.assert_close(blur(torch.ones(1, 1, 8, 7)), torch.ones(1, 1, 4, 4))
