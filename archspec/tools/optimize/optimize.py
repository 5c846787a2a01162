"""Optimize: choose passes and an engine for a network, by what they are seen to give on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from archspec.backends.dtypes import dtype_name
from archspec.backends.engines import ENGINES
from archspec.backends.engines.engine import CannotRunError, Engine
from archspec.backends.engines.torch_engine import TorchEngine
from archspec.ir.collector import collector_paused
from archspec.ir.graph import Graph
from archspec.passes.network import for_inference
from archspec.tools.optimize.cache import Choice, ChoiceCache
from archspec.tools.optimize.candidate import Candidate, Ground, Way, WrongNumbersError, ground_of, make
from archspec.tools.optimize.guard import OptimizeError, check, device_and_dtype, graph_of
from archspec.tools.optimize.numbers import without_autocast
from archspec.tools.optimize.optimized import Optimized
from archspec.tools.optimize.report import Report, Timing
from archspec.tools.optimize.signature import Signature
from archspec.tools.optimize.timing import interleaved

ExampleInputs: TypeAlias = "Tensor | Sequence[Tensor] | Sequence[int] | Mapping[str, Tensor] | Mapping[str, int] | None"
"""Tensors as they will be given, by order or by name; the shape of the only one; the sizes of symbols; or nothing."""
Precision: TypeAlias = str | torch.dtype
_ROUNDS, _LEAST, _BUDGET = 25, 2, 1.0
_BRIEF = 0.5
"""The budget where there is one engine, and only passes are compared, which make less of a difference."""
_COARSER = ("bfloat16", "float16")
"""What weights of float32 can be computed in besides."""
_EXACT = (torch.float32, torch.float64)
"""Dtypes in which what passes change of the rounding is far below what is allowed."""


def optimize(
    model: nn.Module,
    example: ExampleInputs = None,
    *,
    engine: str = "auto",
    precision: Precision | Sequence[Precision] | None = None,
    cache: bool = True,
) -> Optimized:
    """Make the fastest inference of a compiled module that this machine has, with the same numbers.

    Args:
        model: what `archspec.compile_spec` or `archspec.compile_graph` made. Its mode makes no difference, and nothing
            about it is changed. The result has its weights as they are now.
        example: what it will mostly be called with: tensors in order or by name, the shape of the only input, or sizes
            of symbols (`{"N": 8}`); one sample of the nominal sizes where nothing is said. Other sizes run too.
        engine: `torch`, `onnxruntime`, `openvino` or `inductor`; `auto` times those that are installed, but for
            `inductor`, which takes a minute, and keeps the fastest.
        precision: what it is computed in, `float32`, `bfloat16` or `float16`, or several, of which the fastest is kept;
            the dtype of the weights where nothing is said. Inputs and outputs stay of that. `report()` says how far the
            outputs are from the module's.
        cache: whether what was chosen is remembered on this machine, for the network and these sizes, and used again.

    Returns:
        A callable with the signature of the module; `report()` says what was done.

    Raises:
        OptimizeError: the module is not what its spec says any more, or no engine can run it; the text says why.
        ValueError: `engine` is no engine, `precision` is none or finer than the weights, or `example` is not what the
            network reads.
    """
    began = perf_counter()
    engines, passed_over = _engines(engine)
    graph = graph_of(model)
    network = for_inference(graph)
    check(model, graph, network)
    device, dtype = device_and_dtype(model)
    inputs = _inputs(graph, example, device, dtype)
    sizes = Signature(graph, device, dtype).sizes(inputs)
    ways = _ways(engines, precision, dtype, passed_over)
    choices = ChoiceCache()
    key = choices.key(network, device, dtype, sizes, ways)
    known = choices.load(key) if cache else None
    with collector_paused(), without_autocast(device):
        ground = ground_of(model, network, inputs, sizes)
        chosen = _known(ground, ways, known) if known is not None else None
        from_cache, candidates = chosen is not None, list[Candidate]()
        if chosen is None:
            chosen, candidates = _fastest(ground, ways, passed_over)
    if cache and not from_cache:
        choices.save(key, Choice(chosen.way.engine.name, chosen.way.precision, chosen.way.tried))
    timings = [_timing(each) for each in candidates if each.times]
    report = Report(
        graph.name,
        chosen.label,
        chosen.counts,
        sizes,
        chosen.difference,
        perf_counter() - began,
        from_cache,
        tuple(timings),
        passed_over,
    )
    return Optimized(model, graph, ground, chosen, report)


def _engines(name: str) -> tuple[list[Engine], dict[str, str]]:
    """The engines to try, and why others are not."""
    if name != "auto":
        if name not in ENGINES:
            raise ValueError(f"there is no engine `{name}`; there are auto, {', '.join(ENGINES)}")
        missing = ENGINES[name].missing()
        if missing:
            raise OptimizeError(f"the engine `{name}` needs {missing}")
        return [ENGINES[name]], {}
    passed_over = {each.name: f"needs {missing}" for each in ENGINES.values() if (missing := each.missing())}
    passed_over |= {each.name: "takes a minute; ask for it" for each in ENGINES.values() if not each.is_brief}
    return [each for each in ENGINES.values() if each.name not in passed_over], passed_over


def _inputs(graph: Graph, example: ExampleInputs, device: torch.device, dtype: torch.dtype) -> list[Tensor]:
    signature = Signature(graph, device, dtype)
    if example is not None and not isinstance(example, Tensor | Mapping | Sequence):
        raise TypeError(f"the example is tensors, a shape or sizes by name, and {example!r} was given")
    if isinstance(example, Tensor):
        return signature.bind((example,), {})
    if isinstance(example, Mapping) and any(isinstance(each, Tensor) for each in example.values()):
        return signature.bind((), example)
    if example is not None and not isinstance(example, Mapping):
        sides = [each for each in example if isinstance(each, int)]
        if len(sides) < len(example):
            return signature.bind(example, {})
        example = signature.sizes_of(sides)
    sizes: Any = {} if example is None else dict(example)
    unknown = [name for name in sizes if name not in {*graph.size_symbols, *graph.batch_symbols}]
    if unknown:
        names = ", ".join(f"`{name}`" for name in (*sorted(graph.batch_symbols), *graph.size_symbols)) or "fixed ones"
        raise ValueError(f"the inputs have no size `{unknown[0]}`, only {names}")
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"the size `{name}` is a whole number from 1 on, and {size!r} was given")
    return signature.draw(sizes)


def _ways(
    engines: Sequence[Engine],
    precision: Precision | Sequence[Precision] | None,
    dtype: torch.dtype,
    passed_over: dict[str, str],
) -> list[Way]:
    """The engines in what they may compute in."""
    own = _name(dtype)
    asked = [own] if precision is None else [precision] if isinstance(precision, Precision) else precision
    wanted = list(dict.fromkeys(map(_name, asked)))
    if not wanted:
        raise ValueError(f"`precision` names nothing; give {_listed(own)}")
    ways = []
    for name in wanted:
        if name != own and (name not in _COARSER or own != "float32"):
            raise ValueError(f"weights of {own} are not computed in `{name}`; give {_listed(own)}")
        for engine in engines:
            way = Way(engine, None if name == own else name)
            if way.precision is None or name in engine.precisions:
                ways.append(way)
            else:
                passed_over[way.label] = "it does not compute in that"
    return ways


def _name(precision: Precision) -> str:
    return precision if isinstance(precision, str) else dtype_name(precision)


def _listed(own: str) -> str:
    return ", ".join(f"`{name}`" for name in ((own, *_COARSER) if own == "float32" else (own,)))


def _known(ground: Ground, ways: Sequence[Way], known: Choice) -> Candidate | None:
    """What was chosen before, where it still can be."""
    for way in ways:
        if (way.engine.name, way.precision) == (known.engine, known.precision) and known.tried in way.engine.tried:
            return _try(ground, replace(way, tried=known.tried), {})
    return None


def _fastest(ground: Ground, ways: Sequence[Way], passed_over: dict[str, str]) -> tuple[Candidate, list[Candidate]]:
    """The fastest way, with the passes that help it most; and all that was tried.

    Raises:
        OptimizeError: no engine can run the network.
    """
    candidates = [made for way in ways if (made := _try(ground, way, passed_over)) is not None]
    if not candidates:
        raise OptimizeError("; ".join(f"`{label}` cannot run it: {why}" for label, why in passed_over.items()))
    first, *rest = _timed(candidates, ground.inputs)
    others = (_try(ground, replace(first.way, tried=tried), {}) for tried in first.way.engine.tried if tried)
    final = [first, *rest[:1], *(made for made in others if made is not None)]
    ranked = _timed(final, ground.inputs, _BUDGET if rest else _BRIEF)
    return ranked[0], [*ranked, *rest[1:]]


def _try(ground: Ground, way: Way, passed_over: dict[str, str]) -> Candidate | None:
    try:
        return make(ground, way)
    except WrongNumbersError as error:
        is_plain = way.engine.name == TorchEngine.name and way.precision is None and not way.tried
        if is_plain and ground.dtype in _EXACT:
            raise OptimizeError(f"the module does not compute what its spec says: {error}") from error
        passed_over[way.label] = str(error)
    except CannotRunError as error:
        passed_over[way.label] = str(error)
    return None


def _timed(candidates: Sequence[Candidate], inputs: Sequence[Tensor], budget: float = _BUDGET) -> Sequence[Candidate]:
    """Time candidates side by side, and give them in order, the fastest first."""
    if len(candidates) == 1:
        return candidates
    calls = {index: partial(each.run, inputs) for index, each in enumerate(candidates)}
    before = {index: each.times[-1] if each.times else each.first for index, each in enumerate(candidates)}
    with torch.no_grad():
        times = interleaved(calls, rounds=_ROUNDS, budget=budget, least=_LEAST, before=before)
    for index, each in enumerate(candidates):
        each.times = times[index]
    return sorted(candidates, key=lambda each: _timing(each).lower_quartile)


def _timing(candidate: Candidate) -> Timing:
    return Timing(candidate.label, tuple(candidate.times), candidate.difference, candidate.seconds)
