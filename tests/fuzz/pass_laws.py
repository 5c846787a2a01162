"""What has to hold of every pass: it leaves the numbers alone, and the network well-formed, and is done after once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any, TypeAlias
from unittest.mock import patch

import torch
from torch import Tensor

import archspec
from archspec.analysis.at_sizes import check_sizes
from archspec.backends.engines.engine import Job
from archspec.backends.engines.torch_engine import emit_with, outputs_of
from archspec.backends.fused import FusedLinear
from archspec.backends.inputs import choose_sizes, random_inputs
from archspec.backends.scope_module import ScopeModule
from archspec.backends.torch_fx import emit
from archspec.backends.weight_values import Values
from archspec.compiler import check_spec, load_graph
from archspec.ir.graph import Graph
from archspec.passes import PASSES, run_passes
from archspec.passes.network import Network, for_inference
from archspec.passes.verify import faults
from archspec.source.diagnostic import Severity
from archspec.source.span import Source
from archspec.tools.optimize.candidate import TOLERANCE
from archspec.tools.optimize.guard import OptimizeError
from archspec.tools.optimize.numbers import difference, run_in_eval
from tests.fuzz.graph_laws import text_of
from tests.fuzz.graph_specs import Spec
from tests.fuzz.verdict import Verdict

Tensors: TypeAlias = Sequence[Tensor]

_MOST = 2_000_000
"""The numbers in the weights of a network that is run."""
_CHAOS = 30.0
"""How many times as far from the module as float64 is outputs may be: other orders of summation are as far."""
_ELSEWHERE = 10.0
"""How much farther off than at the sizes that `archspec.optimize` has seen outputs may be at others."""
_ALL = tuple(each.name for each in PASSES if each.is_measured)


def judge(spec: Spec, random: Random) -> Verdict:
    """Run each pass, all of them, and `archspec.optimize` on a spec, and compare what comes out."""
    source = Source("random.yaml", text_of(spec))
    found = check_spec(source)
    if found.failed:
        return Verdict("refused", reason=next(one.name for one in found if one.severity is Severity.ERROR))
    graph = load_graph(source)
    if sum(weight.elements for node in graph for weight in node.weights.values()) > _MOST:
        return Verdict("not asked", reason="large")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            given = [*inputs(graph, random)]
        except ValueError:
            return Verdict("not asked", reason="no sizes")
        return judge_passes(graph, given, random) or _optimized(graph, given, random) or Verdict("accepted")


def rewritten(network: Network) -> Iterator[tuple[str, Network, bool]]:
    """A network as it is, after each pass, and after all: by what name, and whether the pass is done with it then."""
    yield "no pass", network, True
    for each in PASSES:
        after, count = each(network)
        if count:
            yield each.name, after, each(after)[1] == 0
    yield "all passes", run_passes(network, PASSES, _ALL)[0], True


def randomize(model: ScopeModule, random: Random) -> None:
    """Weights as training could have left them, and worse: negative factors, shifted means, tiny variances."""
    generator = torch.Generator().manual_seed(random.getrandbits(32))
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            drawn = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            is_variance = key.endswith("running_var")
            fan_in = max(tensor.numel() // tensor.shape[0], 1) if tensor.dim() else 1
            tensor.copy_((2 * drawn - 1).exp() if is_variance else drawn / fan_in**0.5)


def judge_passes(graph: Graph, given: Sequence[Tensors], random: Random) -> Verdict | None:
    """A verdict where a pass breaks a law, or the network does not run in float64."""
    model = emit(graph, dtype=torch.float64)
    randomize(model, random)
    before, given = _kept(model), [*map(_doubled, given)]
    try:
        expected = [run_in_eval(model, tensors) for tensors in given]
    except (RuntimeError, IndexError):
        return Verdict("not asked", reason="float64")  # what it makes in float32 itself does not go with such weights
    network = for_inference(graph)
    for name, after, is_done in rewritten(network):
        fault = next(faults(after), None)
        if fault:
            return _broken("the network stays well-formed", name, fault)
        if _output_types(after) != _output_types(network):
            return _broken("the types of outputs stay", name, str(_output_types(after)))
        if not is_done:
            return _broken("a pass changes nothing the second time", name, str(after))
        values = Values(model.state_dict()).of(after)
        made = emit_with(Job(after, values, {}, torch.device("cpu"), torch.float64, torch.float64))
        if found := _apart(made, given, expected, TOLERANCE[torch.float64]):
            return _broken("the numbers stay", name, f"{found}\n{after}")
    return None if _same(before, _kept(model)) else _broken("the module stays as it is", "passes", "it is not")


def _optimized(graph: Graph, given: Sequence[Tensors], random: Random) -> Verdict | None:
    """A verdict where `archspec.optimize` breaks a law; where float32 is far from float64, it may be as far off."""
    model = emit(graph)
    randomize(model, random)
    before, exact = _kept(model), deepcopy(model).double()
    expected = [run_in_eval(model, tensors) for tensors in given]
    rounding = max(
        difference(found, run_in_eval(exact, _doubled(tensors))) for tensors, found in zip(given, expected, strict=True)
    )
    if not all(output.isfinite().all() for outputs in expected for output in outputs):
        return None  # what oneDNN makes of NaN is a number
    allowed = max(TOLERANCE[torch.float32], _CHAOS * rounding)
    try:
        with patch.object(FusedLinear, "few", 0):  # the networks are small
            made = archspec.optimize(model, given[0], engine="torch", cache=False)
    except OptimizeError as error:
        is_rounding = allowed > TOLERANCE[torch.float32]
        return None if is_rounding else _broken("what is accepted is optimised", "optimize", str(error))
    if found := _apart(made, given, expected, _ELSEWHERE * allowed):
        return _broken("the numbers stay", "optimize", found)
    return None if _same(before, _kept(model)) else _broken("the module stays as it is", "optimize", "it is not")


def _apart(made: Callable[..., Any], given: Sequence[Tensors], expected: Sequence[Tensors], allowed: float) -> str:
    """How far from what is expected a network is, and at which sizes, where it is too far."""
    for tensors, outputs in zip(given, expected, strict=True):
        apart = difference(outputs_of(made(*tensors)), outputs)
        if not apart <= allowed:
            return f"{apart:.1e} apart at {[list(tensor.shape) for tensor in tensors]}"
    return ""


def inputs(graph: Graph, random: Random) -> Iterator[list[Tensor]]:
    """Inputs of nominal sizes, and of other ones where some are found that fit."""
    nominal = choose_sizes(graph, phase="eval")
    yield [*random_inputs(graph, sizes=nominal, phase="eval").values()]
    for _ in range(8):
        sizes = {name: max(1, size + random.randint(-2, 5)) for name, size in nominal.items()}
        try:
            check_sizes(graph, sizes, "eval")
            found = random_inputs(graph, sizes=sizes, phase="eval")
        except ValueError:
            continue
        yield [*found.values()]
        return


def _doubled(tensors: Tensors) -> Tensors:
    return [each.double() if each.dtype == torch.float32 else each for each in tensors]


def _kept(model: ScopeModule) -> dict[str, Tensor]:
    return {key: tensor.clone() for key, tensor in model.state_dict().items()}


def _same(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> bool:
    return before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)


def _output_types(network: Network) -> dict[str, str]:
    return {name: str(network.graph.type_of(output.value)) for name, output in network.graph.outputs.items()}


def _broken(law: str, name: str, how: str) -> Verdict:
    return Verdict("accepted", f"{law}: {name}: {how}", name)
