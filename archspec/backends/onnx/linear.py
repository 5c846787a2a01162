"""Linear maps of features."""

from __future__ import annotations

from archspec.backends.onnx.arithmetic import matmul
from archspec.backends.onnx.registry import translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer


@translates("torch.nn.Linear")
def linear(w: Writer, x: Tensor, /, *, in_features: int, out_features: int, bias: bool = True) -> Tensor:
    return projected(w, x, w.weight("weight"), w.weight("bias") if bias else None)


def projected(w: Writer, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What `torch.nn.functional.linear` gives.

    The weight is not transposed here, as engines do that once when they load it: it may be one that others use, too.
    """
    if x.rank == 2:
        return w.node("Gemm", [x, weight, bias], x.type.with_shape(x.shape[0], weight.shape[0]), transB=1)
    product = matmul(w, x, w.transpose(weight, (1, 0)))
    return product if bias is None else w.binary("Add", product, bias)


@translates("torch.nn.Bilinear")
def bilinear(
    w: Writer, x: Tensor, y: Tensor, /, *, in1_features: int, in2_features: int, out_features: int, bias: bool = True
) -> Tensor:
    weight = w.torch_weight("weight").permute(1, 0, 2).reshape(in1_features, out_features * in2_features)
    rows = w.reshape(matmul(w, x, w.tensor(weight)), (*x.shape[:-1], out_features, in2_features))
    found = w.squeeze(matmul(w, rows, w.unsqueeze(y, -1)), -1)
    return w.binary("Add", found, w.weight("bias")) if bias else found
