"""Traces: which operations of torch a module ran, on what, in which of its submodules.

A trace is taken below modules, functions and methods, where torch dispatches to kernels. There `nn.ReLU()`,
`F.relu(x)`, `x.relu_()` and `x.clamp(min=0)` in generated code are all calls, so two networks that were written
differently can be laid side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from archspec.tools.verify.run import NoDropout, named_outputs

RESHAPING: Final = frozenset(
    ("_reshape_alias", "_unsafe_view", "alias", "clone", "contiguous", "detach", "squeeze", "unsqueeze", "view")
)
"""Operations that give the same numbers in the same order: what reads their output reads their input."""

MOVING: Final = frozenset(("expand", "permute", "t", "transpose"))
"""Operations that are looked through where they are applied to a weight, as linear layers do."""

PRINTED: Final = 4096
"""How many random numbers a print is made with; longer values go through them again and again."""


class Weight(NamedTuple):
    """A parameter or buffer, by its key."""

    key: str


class Given(NamedTuple):
    """An input of the network, by position."""

    position: int


class Made(NamedTuple):
    """What an earlier call gave."""

    call: int
    port: int = 0


Source = Weight | Given | Made


class Print(NamedTuple):
    """What tells one tensor from another: equal values have equal prints, and others hardly ever."""

    size: int
    norm: float
    product: float
    """With fixed random numbers, so that permuted values differ."""

    def equals(self, other: Print) -> bool:
        """Whether two tensors are the same but for rounding in float64, whatever their shapes."""
        near = 1e-9 * max(self.norm, other.norm)
        return (
            self.size == other.size
            and abs(self.norm - other.norm) <= near
            and abs(self.product - other.product) <= 100 * near
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One operation that ran."""

    op: str
    """As torch calls it, `relu` for `relu_` too, `batch_norm` for `native_batch_norm`."""
    path: str
    """Of the module that ran it."""
    reads: tuple[tuple[str, Source], ...]
    """The tensors that went in, with the names of the arguments."""
    settings: Mapping[str, Any]
    """The other arguments, by name."""
    usual: frozenset[str]
    """The names of those that are at their defaults."""
    shape: tuple[int, ...]
    """Of what came out."""
    prints: tuple[Print, ...] = ()
    """Of what came out, where they were asked for."""


@dataclass(slots=True)
class Trace:
    """What a module ran once."""

    calls: list[Call] = field(default_factory=list)
    inputs: list[Print] = field(default_factory=list)
    outputs: dict[str, Source] = field(default_factory=dict)
    """Where each output came from, by name."""
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Of the weights, by key."""

    def print_of(self, source: Source) -> Print | None:
        """The print of a value; None for a weight."""
        if isinstance(source, Given):
            return self.inputs[source.position]
        if isinstance(source, Made):
            return self.calls[source.call].prints[source.port]
        return None


def trace(module: nn.Module, inputs: Sequence[torch.Tensor], *, training: bool, prints: bool = False) -> Trace:
    """Run a module once, dropout let through, and note every operation; it is left as it was, but for its mode.

    Args:
        module: of the dtype of `inputs`.
        inputs: given by position.
        training: the mode to run in.
        prints: whether to take prints of all values, which needs float64.
    """
    made = Trace()
    mode = _Recorder(module, inputs, made, prints)
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    with torch.random.fork_rng(devices=[]), torch.no_grad(), _noting_paths(module, mode):
        torch.manual_seed(0)
        with NoDropout(), mode:
            given = module.train(training)(*inputs)
        for buffer, value in before:
            buffer.copy_(value)
    outputs = named_outputs(given).items()
    made.outputs = {name: mode.sources[id(value)] for name, value in outputs if id(value) in mode.sources}
    return made


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every call that depends on an input or on a weight."""

    def __init__(self, module: nn.Module, inputs: Sequence[torch.Tensor], made: Trace, prints: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.made = made
        self.path: list[str] = [""]
        self.sources: dict[int, Source] = {}
        self.kept: list[torch.Tensor] = list(inputs)  # an id belongs to a tensor as long as it lives
        self.print: Callable[[torch.Tensor], Print] | None = Printer() if prints else None
        for key, weight in module.state_dict(keep_vars=True).items():
            made.shapes[key] = tuple(weight.shape)
            self.kept.append(weight)
            self.sources.setdefault(id(weight), Weight(key))
        for index, value in enumerate(inputs):
            self.sources[id(value)] = Given(index)
            if self.print is not None:
                made.inputs.append(self.print(value))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        op = (
            func._schema.name.partition("::")[2].removesuffix("_").removeprefix("native_").removesuffix("_with_indices")
        )
        values = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | (kwargs or {})
        reads = tuple(self._reads(values))
        given = [value for value in (result if isinstance(result, tuple | list) else (result,)) if _is_tensor(value)]
        if not reads or not given or self._changes_a_weight(given[0]):
            return result
        if op in RESHAPING or (op in MOVING and isinstance(reads[0][1], Weight)):
            self._becomes(given[0], reads[0][1])
            return result
        for port, value in enumerate(given):
            self._becomes(value, Made(len(self.made.calls), port))
        settings, usual = _settings(func, values)
        prints = tuple(self.print(value) for value in given) if self.print is not None else ()
        self.made.calls.append(Call(op, self.path[-1], reads, settings, usual, tuple(given[0].shape), prints))
        return result

    def _reads(self, values: dict[str, Any]) -> Iterator[tuple[str, Source]]:
        for name, value in values.items():
            parts = value if isinstance(value, tuple | list) else (value,)
            for index, part in enumerate(parts):
                if _is_tensor(part) and id(part) in self.sources:
                    yield f"{name}[{index}]" if part is not value else name, self.sources[id(part)]

    def _changes_a_weight(self, value: torch.Tensor) -> bool:
        return isinstance(self.sources.get(id(value)), Weight)

    def _becomes(self, value: torch.Tensor, source: Source) -> None:
        self.kept.append(value)
        self.sources[id(value)] = source


class Printer:
    """Takes prints of tensors."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.numbers = torch.randn(PRINTED, generator=generator, dtype=torch.float64)

    def __call__(self, value: torch.Tensor) -> Print:
        """The print of a tensor of any dtype."""
        flat = value.detach().reshape(-1).to(torch.float64)
        rows = torch.nn.functional.pad(flat, (0, -len(flat) % PRINTED)).view(-1, PRINTED)
        turns = torch.linspace(1, 2, len(rows), dtype=torch.float64)
        return Print(len(flat), float(flat.norm()), float(turns @ (rows @ self.numbers)))


def _settings(func: Any, values: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The arguments that are no tensors, those that were not given too; and the names of those at their defaults."""
    defaults = {argument.name: argument.default_value for argument in func._schema.arguments}
    settings = {name: values.get(name, default) for name, default in defaults.items()}
    settings = {name: value for name, value in settings.items() if name != "out" and not _holds_tensors(value)}
    usual = frozenset(name for name, value in settings.items() if value == defaults[name] or _does_nothing(name, value))
    if not settings.get("stride", True):  # of a pool, where nothing is said
        settings["stride"] = settings["kernel_size"]
    return settings, usual


def _does_nothing(name: str, value: Any) -> bool:
    """Whether a setting of a convolution, none of which has a default, is what modules have by themselves."""
    usual = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1, "transposed": False}
    return name in usual and all(one == usual[name] for one in (value if isinstance(value, list) else [value]))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _holds_tensors(value: Any) -> bool:
    return _is_tensor(value) or (isinstance(value, tuple | list) and any(map(_is_tensor, value)))


@contextmanager
def _noting_paths(module: nn.Module, mode: _Recorder) -> Iterator[None]:
    """Keep the path of the innermost module that runs."""

    def leave(*_: object) -> None:
        mode.path.pop()

    handles = []
    for path, inner in module.named_modules():
        handles.append(inner.register_forward_pre_hook(lambda *_, path=path: mode.path.append(path)))
        handles.append(inner.register_forward_hook(leave, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
