"""Guard: whether a module still is what its spec says, so that what is made of the spec can stand for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from archspec.backends.initialize import skip_torch_defaults
from archspec.backends.program import constant, resolve
from archspec.backends.scope_module import ScopeModule
from archspec.ir.graph import Graph
from archspec.ir.op import Step
from archspec.passes.network import Network, key_of
from archspec.passes.weight_values import originals

_SETTINGS = (bool, int, float, str, tuple, type(None))
"""The types of attributes of modules that say how they compute."""
_WITHOUT_EFFECT = {"training", "inplace", "momentum", "p", "dropout"}
"""Those that make no difference to the numbers of eval mode."""


class OptimizeError(ValueError):
    """A module cannot be optimised; the text says why."""


def graph_of(model: nn.Module) -> Graph:
    """The graph that a module was emitted from.

    Raises:
        OptimizeError: it was not, or does not know.
    """
    if not isinstance(model, ScopeModule):
        raise OptimizeError(
            f"only what `archspec.compile_spec` made can be optimised or exported, and this is {_kind(model)}"
        )
    if model.__graph__ is None:
        raise OptimizeError(
            "this module does not know its spec, as one that was unpickled or is a part of a network; "
            "compile the spec, and load its weights with `load_state_dict`"
        )
    return model.__graph__


def check(model: nn.Module, graph: Graph, network: Network) -> None:
    """Make sure that a module has what its spec says, and nothing that an engine would leave out.

    Raises:
        OptimizeError: it has not; the text says what is another.
    """
    found = next(_objections(model, graph, network), None)
    if found is not None:
        raise OptimizeError(found)


def _objections(model: nn.Module, graph: Graph, network: Network) -> Iterator[str]:
    for name, each in model.named_modules():
        if "forward" in vars(each):
            yield f"{_called(name)} has a `forward` of its own, which an engine would not call; remove it first"
        if each._forward_hooks or each._forward_pre_hooks:
            yield f"{_called(name)} has a forward hook, which an engine would not call; remove it first"
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        yield "there are global forward hooks, which an engine would not call; remove them first"
    for scope in graph.root.scopes():
        found = _submodule(model, scope.path)
        if found is not None and not isinstance(found, ScopeModule):
            yield f"`{scope.path}` is {_kind(found)} with code of its own, but the spec says what it computes"
    yield from _other_modules(model, graph)
    state = model.state_dict(keep_vars=True)
    yield from _other_shapes(graph, state)
    yield from (
        f"the weight `{key}`, which the spec has, is not there"
        for value in network.values.values()
        for key in originals(value)
        if key not in state
    )
    floats = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    if len(floats) > 1:
        yield f"its weights are of {' and '.join(sorted(map(str, floats)))}; bring them to one dtype, as by `.float()`"
    devices = {tensor.device for tensor in state.values()}
    if len(devices) > 1:
        yield f"its weights are on {' and '.join(sorted(map(str, devices)))}; bring them to one device"
    if any(tensor.is_meta for tensor in state.values()):
        yield "its weights are on the meta device, and have no values"


def _other_shapes(graph: Graph, state: Mapping[str, Tensor]) -> Iterator[str]:
    for node in graph.operations():
        for name, weight in node.weights.items():
            found = state.get(key_of(node.path, name))
            if found is not None and tuple(found.shape) != tuple(weight.shape):
                shapes = f"is of the shape {list(found.shape)}, but the spec makes it {list(weight.shape)}"
                yield f"the weight `{key_of(node.path, name)}` {shapes}"


def _other_modules(model: nn.Module, graph: Graph) -> Iterator[str]:
    """The modules that are not of the class that the spec makes, or have other settings."""
    made: dict[str, Mapping[str, object]] = {}
    for node in graph.operations():
        given = graph.input_types(node)
        if node.share is not None or given is None:
            continue
        for step in node.resolved.lower(*given):
            path = ".".join(filter(None, (node.path, step.name)))
            found = _submodule(model, path)
            if step.kind != "module" or found is None:
                continue
            if type(found) is not resolve(step.target):
                yield f"`{path}` is {_kind(found)}, but the spec makes it `{step.target}`"
                continue
            key = f"{step.target} {step.settings}"
            if key not in made:
                made[key] = _made(step)
            yield from _other_settings(path, found, made[key])


def _made(step: Step) -> Mapping[str, object]:
    """The settings of a module which the spec makes."""
    with torch.device("meta"), skip_torch_defaults():
        made = resolve(step.target)(**{name: constant(value) for name, value in step.settings.items()})
    settings = {name: each for name, each in vars(made).items() if isinstance(each, _SETTINGS)}
    return {name: each for name, each in settings.items() if not name.startswith("_") and name not in _WITHOUT_EFFECT}


def _other_settings(path: str, module: nn.Module, settings: Mapping[str, object]) -> Iterator[str]:
    for name, expected in settings.items():
        found = getattr(module, name, None)
        if found != expected:
            yield f"`{path}.{name}` is {found!r}, but the spec makes it {expected!r}"


def _submodule(model: nn.Module, path: str) -> nn.Module | None:
    try:
        return model.get_submodule(path)
    except AttributeError:
        return None


def device_and_dtype(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where the weights are, and what they are; torch's defaults where there are none."""
    weights: list[Tensor] = list(model.state_dict().values())
    floats = [tensor.dtype for tensor in weights if tensor.is_floating_point()]
    device = weights[0].device if weights else torch.get_default_device()
    return device, floats[0] if floats else torch.get_default_dtype()


def _called(name: str) -> str:
    return f"`{name}`" if name else "the module"


def _kind(model: nn.Module) -> str:
    return f"a `{type(model).__module__}.{type(model).__qualname__}`"
