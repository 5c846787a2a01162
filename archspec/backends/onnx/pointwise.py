"""Functions of each number by itself: activations, and elementary functions."""

from __future__ import annotations

from typing import Any, Final

from archspec.backends.onnx.registry import COMPOSITES, METHOD, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer

SAME: Final = {
    "torch.abs": "Abs",
    "torch.cos": "Cos",
    "torch.erf": "Erf",
    "torch.exp": "Exp",
    "torch.floor": "Floor",
    "torch.log": "Log",
    "torch.neg": "Neg",
    "torch.nn.functional.hardswish": "HardSwish",
    "torch.nn.functional.mish": "Mish",
    "torch.nn.functional.relu": "Relu",
    "torch.nn.functional.softsign": "Softsign",
    "torch.reciprocal": "Reciprocal",
    "torch.round": "Round",
    "torch.sigmoid": "Sigmoid",
    "torch.sign": "Sign",
    "torch.sin": "Sin",
    "torch.sqrt": "Sqrt",
    "torch.tanh": "Tanh",
}
"""What ONNX has, too: both round halves to even, and the sign of 0 is 0."""
_IDLE: Final = (
    "torch.nn.Identity",
    "torch.nn.Dropout",
    "torch.nn.Dropout1d",
    "torch.nn.Dropout2d",
    "torch.nn.Dropout3d",
    "torch.nn.AlphaDropout",
    "torch.nn.FeatureAlphaDropout",
    f"{COMPOSITES}DropBlock",
    f"{COMPOSITES}StochasticDepth",
    f"{METHOD}contiguous",
)
"""What does nothing in eval mode."""


def _enter_same(target: str, kind: str) -> None:
    @translates(target)
    def same(w: Writer, x: Tensor) -> Tensor:
        return w.unary(kind, x)


for _target, _kind in SAME.items():
    _enter_same(_target, _kind)


@translates(*_IDLE)
def idle(w: Writer, x: Tensor, /, **settings: Any) -> Tensor:
    return x


@translates("torch.nn.functional.celu")
def celu(w: Writer, x: Tensor, alpha: float = 1.0) -> Tensor:
    return w.unary("Celu", x, alpha=alpha)


@translates("torch.nn.functional.elu")
def elu(w: Writer, x: Tensor, alpha: float = 1.0) -> Tensor:
    return w.unary("Elu", x, alpha=alpha)


@translates("torch.nn.functional.selu")
def selu(w: Writer, x: Tensor) -> Tensor:
    return w.unary("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805)


@translates("torch.nn.functional.gelu")
def gelu(w: Writer, x: Tensor, approximate: str = "none") -> Tensor:
    return w.unary("Gelu", x, approximate=approximate)


@translates("torch.nn.functional.silu")
def silu(w: Writer, x: Tensor) -> Tensor:
    return w.binary("Mul", x, w.unary("Sigmoid", x))


@translates("torch.nn.functional.hardsigmoid")
def hardsigmoid(w: Writer, x: Tensor) -> Tensor:
    return w.unary("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@translates("torch.nn.functional.relu6")
def relu6(w: Writer, x: Tensor) -> Tensor:
    return clamp(w, x, 0.0, 6.0)


@translates("torch.nn.functional.hardtanh")
def hardtanh(w: Writer, x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    return clamp(w, x, min_val, max_val)


@translates("torch.clamp")
def clamp(w: Writer, x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    bounds = [None if bound is None else w.number(bound, x.dtype) for bound in (min, max)]
    return w.node("Clip", [x, *bounds], x.type)


@translates("torch.nn.functional.hardshrink")
def hardshrink(w: Writer, x: Tensor, lambd: float = 0.5) -> Tensor:
    return w.unary("Shrink", x, bias=0.0, lambd=float(lambd))


@translates("torch.nn.functional.softshrink")
def softshrink(w: Writer, x: Tensor, lambd: float = 0.5) -> Tensor:
    return w.unary("Shrink", x, bias=float(lambd), lambd=float(lambd))


@translates("torch.nn.functional.tanhshrink")
def tanhshrink(w: Writer, x: Tensor) -> Tensor:
    return w.binary("Sub", x, w.unary("Tanh", x))


@translates("torch.nn.functional.leaky_relu")
def leaky_relu(w: Writer, x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return w.unary("LeakyRelu", x, alpha=float(negative_slope))


@translates("torch.nn.RReLU")
def rrelu(w: Writer, x: Tensor, /, *, lower: float = 1 / 8, upper: float = 1 / 3) -> Tensor:
    return leaky_relu(w, x, (lower + upper) / 2)


@translates("torch.nn.PReLU")
def prelu(w: Writer, x: Tensor, /, *, num_parameters: int = 1, init: float = 0.25) -> Tensor:
    slope = w.torch_weight("weight")
    if num_parameters > 1:
        slope = slope.reshape(-1, *[1] * (x.rank - 2))
    return w.node("PRelu", [x, w.tensor(slope)], x.type)


@translates("torch.nn.functional.softplus")
def softplus(w: Writer, x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Beyond the threshold torch gives the input itself, from which the function may still differ visibly."""
    scaled = x if beta == 1 else w.binary("Mul", x, beta)
    soft = w.unary("Softplus", scaled)
    soft = soft if beta == 1 else w.binary("Div", soft, beta)
    if threshold >= 20:  # less than the digits of a float show
        return soft
    return w.where(w.binary("Greater", scaled, threshold, "bool"), x, soft)


@translates("torch.nn.functional.logsigmoid")
def logsigmoid(w: Writer, x: Tensor) -> Tensor:
    return w.unary("Neg", w.unary("Softplus", w.unary("Neg", x)))


@translates("torch.nn.functional.threshold")
def threshold(w: Writer, x: Tensor, threshold: float, value: float) -> Tensor:
    return w.where(w.binary("Greater", x, threshold, "bool"), x, w.number(value, x.dtype))


@translates("torch.square")
def square(w: Writer, x: Tensor) -> Tensor:
    return w.binary("Mul", x, x)


@translates("torch.rsqrt")
def rsqrt(w: Writer, x: Tensor) -> Tensor:
    return w.unary("Reciprocal", w.unary("Sqrt", x))


@translates("torch.pow")
def power(w: Writer, x: Tensor, exponent: float) -> Tensor:
    """The powers that torch has kernels of their own for are those here, too: they are quicker, and exact."""
    match exponent:
        case 2:
            return square(w, x)
        case 0.5:
            return w.unary("Sqrt", x)
        case -1:
            return w.unary("Reciprocal", x)
        case 1:
            return x
        case _:
            return w.binary("Pow", x, exponent)


@translates("torch.nn.functional.softmax")
def softmax(w: Writer, x: Tensor, dim: int) -> Tensor:
    return w.unary("Softmax", x, axis=dim)


@translates("torch.nn.functional.softmin")
def softmin(w: Writer, x: Tensor, dim: int) -> Tensor:
    return softmax(w, w.unary("Neg", x), dim)


@translates("torch.nn.functional.log_softmax")
def log_softmax(w: Writer, x: Tensor, dim: int) -> Tensor:
    return w.unary("LogSoftmax", x, axis=dim)


@translates("torch.nn.functional.glu")
def glu(w: Writer, x: Tensor, dim: int = -1) -> Tensor:
    half = x.shape[dim] // 2
    kept = w.slice(x, dim, 0, half, half)
    gate = w.slice(x, dim, half, x.shape[dim], half)
    return w.binary("Mul", kept, w.unary("Sigmoid", gate))
