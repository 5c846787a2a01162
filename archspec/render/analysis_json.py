"""An analysis as plain data, with everything that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from archspec.analysis.cuts import Cut, Passage
from archspec.analysis.factorization import (
    Factors,
    as_asymmetric,
    as_threes,
    convolution,
    worthwhile_reduction,
)
from archspec.analysis.memory import Course, Memory
from archspec.analysis.receptive_field import Extent, Field
from archspec.analysis.traffic import Traffic
from archspec.render.analysis import Analysis, Line, symbolic_macs
from archspec.render.sizes import sizes_data
from archspec.render.table import counts_data, number_or_text, row_data, type_data


def analysis_data(found: Analysis) -> dict[str, Any]:
    """All facts of one network."""
    graph, total = found.graph, found.cost.total
    macs = symbolic_macs(graph)
    return {
        "name": graph.name,
        "title": graph.title,
        "at": dict(found.given),
        "batch": found.batch,
        "dtype": found.dtype,
        "inputs": {name: type_data(given.type) for name, given in graph.inputs.items()},
        "outputs": {name: type_data(graph.type_of(output.value)) for name, output in graph.outputs.items()},
        "rows": [_line(line, found.batch) for line in found.lines],
        "total": {
            **counts_data(total),
            "eval_parameters": found.eval_parameters,
            "bytes": _traffic(found.traffic),
            "intensity": found.traffic.intensity(total.macs * found.batch),
        },
        "capacity": _capacity(found),
        "receptive_field": [_field(field) for field in found.facts.receptive_field],
        "memory": None if found.memory is None else _memory(found.memory),
        "input_sizes": sizes_data(found.facts.input_sizes),
        "batch_sizes": sizes_data({phase: (batches,) for phase, batches in found.facts.batch_sizes.items()}),
        "symbolic": {"unknown": macs} if isinstance(macs, str) else {path: str(of) for path, of in macs.items()},
        "factorization": list(_convolutions(found)),
    }


def _line(line: Line, batch: int) -> dict[str, Any]:
    return {
        **row_data(line.row),
        "elements": number_or_text(line.elements),
        "bytes": _traffic(line.traffic),
        "intensity": line.traffic.intensity(line.row.counts.macs * batch),
        "memory": {"peak": line.peak, "saved": line.saved},
        "receptive_field": [_field(field) for field in line.field],
    }


def _traffic(moved: Traffic) -> dict[str, Any]:
    parts = {"read": moved.read, "weights": moved.weights, "written": moved.written, "total": moved.total}
    return {name: number_or_text(count) for name, count in parts.items()}


def _field(field: Field) -> dict[str, Any]:
    return {"smallest": _extent(field.smallest), "largest": _extent(field.largest), "stride": field.stride}


def _extent(extent: Extent) -> dict[str, int]:
    return {"first": extent.first, "last": extent.last, "size": extent.size}


def _capacity(found: Analysis) -> dict[str, Any]:
    capacity = found.capacity
    if capacity is None:
        return {"unknown": found.unknown}
    return {
        "narrowest": _cut(capacity.narrowest),
        "final": _cut(capacity.final),
        "tensors": [_cut(cut) for cut in capacity.tensors],
        "stretches": [
            {
                "start": _cut(stretch.start),
                "end": _cut(stretch.end),
                "nodes": list(stretch.nodes),
                "inner": None if stretch.inner is None else _cut(stretch.inner),
            }
            for stretch in capacity.stretches
        ],
        "curve": [{"start": segment.start, "end": segment.end, "cut": _cut(segment.cut)} for segment in found.curve],
        "grid_changes": [
            {
                "path": change.path,
                "before": _cut(change.before),
                "after": _cut(change.after),
                "ratio": change.ratio,
                "stride": change.stride,
            }
            for change in found.changes
        ],
        "blocks": {path: _passage(passage) for path, passage in found.facts.passages.items()},
    }


def _cut(cut: Cut) -> dict[str, Any]:
    return {"size": cut.size, "tensors": [{"node": value.node, "port": value.port} for value in cut.values]}


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "inputs": passage.inputs,
        "outputs": passage.outputs,
        "inner": None if passage.inner is None else _cut(passage.inner),
        "ratio": passage.ratio,
    }


def _memory(taken: Memory) -> dict[str, Any]:
    return {
        "inference": _course(taken.inference),
        "bound": _course(taken.bound),
        "saved": taken.saved_in[""],
        "outputs": taken.outputs,
        "training": taken.training,
        "parameters": taken.parameters,
        "gradients": taken.parameters,
        "buffers": taken.buffers,
        "optimizer": taken.optimizer,
    }


def _course(course: Course) -> dict[str, Any]:
    alive = [{"node": held.value.node, "port": held.value.port, "bytes": held.bytes} for held in course.alive]
    return {"peak": course.peak, "node": course.node, "alive": alive, "scratch": course.scratch}


def _convolutions(found: Analysis) -> Iterator[dict[str, Any]]:
    for node in found.graph.operations():
        whole = convolution(found.graph, node)
        if whole is not None and whole.side > 1:
            yield {
                **asdict(whole),
                "macs": whole.macs,
                "as_3x3": _factors(as_threes(whole)),
                "as_asymmetric": _factors(as_asymmetric(whole)),
                "reduction_pays_below": worthwhile_reduction(whole),
            }


def _factors(factors: Factors | None) -> dict[str, Any] | None:
    return None if factors is None else asdict(factors)
