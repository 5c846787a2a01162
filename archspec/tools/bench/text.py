"""A bench as text: the table of variants, what it is measured by, and the table of nodes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from archspec.render.layout import aligned, from_the_end, labelled, percent, short
from archspec.tools.bench.bench import Bench, Row
from archspec.tools.bench.by_node import ByNode, NodeTime
from archspec.tools.roof import SIDES

MOST = 20
"""Nodes that are printed where not all are asked for."""
_PATH = 32
"""Columns of the path of a node, at most."""
_HEADINGS = ("variant", "median", "spread", "ratio", "of roof", "ready in", "peak", "bound", "difference")
_NODE_HEADINGS = ("node", "op", "gives", "median", "share", "MACs", "of roof")
_OP_HEADINGS = ("op", "nodes", "median", "share", "MACs", "of roof")


def bench_text(found: Bench, every_node: bool, ascii_only: bool) -> str:
    """The tables, and below the first what they mean."""
    at = ", ".join(f"{name}={size}" for name, size in found.sizes.items())
    none = "-" if ascii_only else "\u2014"
    lines = [_HEADINGS, *(_cells(found, row, none) for row in found.rows)]
    text = f"{found.name}{f' at {at}' if at else ''}\n\n{aligned(lines, [False] + [True] * 8)}\n"
    text += labelled(list(_facts(found)))
    if found.by_node is not None:
        text += f"\n{_nodes_text(found, found.by_node, every_node, none, ascii_only)}"
    return text


def _cells(found: Bench, row: Row, none: str) -> tuple[str, ...]:
    timing, base = row.timing, found.rows[0].timing
    return (
        timing.label,
        _milliseconds(timing.median),
        percent(timing.spread),
        f"{base.median / timing.median:.2f}x",
        percent(found.share(found.macs, timing.median)) if found.macs else none,
        f"{timing.seconds:.2f} s" if timing.seconds else none,
        f"{short(row.peak.activations)}B" if row.peak is not None else none,
        f"{short(row.bound)}B" if row.bound is not None else none,
        f"{timing.difference:.1e}" if not math.isnan(timing.difference) else none,
    )


def _facts(found: Bench) -> Iterator[tuple[str, str]]:
    for row in found.rows:
        if row.passes:
            yield row.timing.label, ", ".join(f"{name} {count}" for name, count in row.passes.items())
    for name, why in found.left_out.items():
        yield f"not {name}", why
    sides = ", ".join(map(str, SIDES))
    threads = f"{found.threads} thread{'s' if found.threads > 1 else ''}"
    yield "roof", f"{found.roof:.0f} GFLOP/s, the best of products of matrices of {sides}, with {threads}"
    yield "MACs", f"{found.macs:,} in a run, 2 FLOPs each, of the module as it is"
    yield "peak", "bytes of activations, without the workspaces of kernels; bound is the same by analysis"
    yield "difference", "to a run in float64, as a share of the largest output"
    yield "weights", "random; the statistics of batch norms are those that they begin with"
    if found.load is not None:
        yield "load", f"{found.load:.1f} over the last minute, of {os.cpu_count()} processors"


def _nodes_text(found: Bench, nodes: ByNode, every_node: bool, none: str, ascii_only: bool) -> str:
    shown = nodes.nodes if every_node else nodes.nodes[:MOST]
    lines = [_NODE_HEADINGS, *(_node_cells(found, nodes, each, none, ascii_only) for each in shown)]
    table = aligned(lines, [False, False, False, True, True, True, True])
    left = len(nodes.nodes) - len(shown)
    more = f"... and {left} more, of {percent(_rest(nodes, len(shown)))}; `--all` prints them\n" if left else ""
    apart = nodes.total / nodes.whole - 1
    told = f"{percent(abs(apart))} {'more' if apart >= 0 else 'less'} than a run without clocks between them"
    whole = f"{_milliseconds(nodes.total)}, {told}, which takes {_milliseconds(nodes.whole)}"
    by_op = aligned([_OP_HEADINGS, *_op_lines(found, nodes, none)], [False, True, True, True, True, True])
    return f"by node, on the engine torch\n\n{table}{more}\n{by_op}\n{labelled([('total', whole)])}"


def _op_lines(found: Bench, nodes: ByNode, none: str) -> Iterator[tuple[str, ...]]:
    """What all nodes of an op take together, the most first."""
    of_ops: dict[str, list[NodeTime]] = {}
    for each in nodes.nodes:
        of_ops.setdefault(each.op, []).append(each)
    seconds = {op: sum(each.seconds for each in group) for op, group in of_ops.items()}
    for op, took in sorted(seconds.items(), key=lambda pair: -pair[1]):
        macs = sum(each.macs for each in of_ops[op])
        yield (op, f"{len(of_ops[op])}", *_taken(found, nodes, took, macs, none))


def _node_cells(found: Bench, nodes: ByNode, each: NodeTime, none: str, ascii_only: bool) -> tuple[str, ...]:
    return (
        from_the_end(each.path, _PATH, ascii_only),
        each.op,
        each.gives,
        *_taken(found, nodes, each.seconds, each.macs, none),
    )


def _taken(found: Bench, nodes: ByNode, seconds: float, macs: int, none: str) -> tuple[str, ...]:
    return (
        _milliseconds(seconds),
        percent(seconds / nodes.total),
        f"{macs:,}" if macs else none,
        percent(found.share(macs, seconds)) if macs else none,
    )


def _rest(nodes: ByNode, shown: int) -> float:
    return sum(each.seconds for each in nodes.nodes[shown:]) / nodes.total


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3f} ms" if seconds < 0.001 else f"{1000 * seconds:.2f} ms"
