"""What is printed of one kind of fact: cuts, sizes of inputs, factorised convolutions, symbolic costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from archspec.analysis.cuts import Cut, Stretch
from archspec.analysis.factorization import (
    Convolution,
    Factors,
    as_asymmetric,
    as_threes,
    convolution,
    worthwhile_reduction,
)
from archspec.analysis.facts import Facts
from archspec.analysis.input_sizes import Sizes
from archspec.ir.dims import Size
from archspec.ir.graph import PHASES, Phase
from archspec.render.analysis import Analysis, symbolic_macs, tensors_text
from archspec.render.layout import aligned, bar, from_the_end, labelled, short

_BAR = 10
"""Columns of a bar, at most."""
_NAME = 24
"""Columns of the path of a convolution, at most."""
_NO_BREAK = "\0"


def cuts_text(found: Analysis, ascii_only: bool) -> str:
    """Every tensor that all else passes, in order, with what stands between each two of them."""
    capacity = found.capacity
    if capacity is None:
        return f"{found.name}: there are no cuts, as {found.unknown}\n"
    most = max(segment.cut.size for segment in found.curve)
    inside = {stretch.start.values: stretch for stretch in capacity.stretches}
    lines = [["elements", "", "cut"]]

    def add(cut: Cut, text: str) -> None:
        mark = "  <- narrowest" if cut is capacity.narrowest else ""
        lines.append([f"{cut.size:,}", bar(cut.size / most, _BAR, ascii_only), f"{text}{mark}"])

    if capacity.stretches and capacity.stretches[0].start not in capacity.tensors:
        _add_stretch(capacity.stretches[0], add)
    for cut in capacity.tensors:
        add(cut, f"{cut.values[0].node} {found.graph.type_of(cut.values[0])}")
        if cut.values in inside:
            _add_stretch(inside[cut.values], add)
    return (
        f"{found.name}, the cuts from the input to the final representation\n\n{aligned(lines, [True, False, False])}"
    )


def _add_stretch(stretch: Stretch, add: Callable[[Cut, str], None]) -> None:
    if stretch.inner is not None:
        add(stretch.inner, f"  within: {tensors_text(stretch.inner)}")


def sizes_report(found: Analysis) -> str:
    """The sizes of the inputs that fit, in each phase, with what stops outside of them."""
    if not found.graph.size_symbols and not any(map(_is_told, found.facts.batch_sizes.values())):
        return f"{found.name}: every input has one size\n"
    told = {phase: "\n".join(_of_phase(found.facts, phase)) for phase in reversed(PHASES)}
    if len(set(told.values())) == 1:
        modes = {"eval and training mode": told["eval"]}
    else:
        modes = {f"{phase} mode": text for phase, text in told.items()}
    lines = [f"{found.name}, the sizes of its inputs that fit"]
    for mode, text in modes.items():
        lines += ["", mode, text]
    return "\n".join(lines) + "\n"


def _of_phase(facts: Facts, phase: Phase) -> Iterator[str]:
    for sizes in facts.input_sizes[phase]:
        yield labelled(list(_of_sizes(sizes)), "  ").rstrip("\n")
    batches = facts.batch_sizes.get(phase)
    if batches is not None and _is_told(batches):
        yield labelled(list(_of_sizes(batches)), "  ").rstrip("\n")


def _is_told(batches: Sizes) -> bool:
    """Whether there is anything to say of the batch: not where every one fits."""
    return batches.fitting is None or batches.below is not None or batches.between is not None


def _of_sizes(sizes: Sizes) -> Iterator[tuple[str, str]]:
    yield sizes.name, f"unknown: {sizes.unknown}" if sizes.fitting is None else str(sizes.fitting)
    if sizes.beside:
        yield "beside", ", ".join(f"{name}={size}" for name, size in sizes.beside.items())
    if sizes.below is not None:
        yield "stops below", str(sizes.below)
    if sizes.between is not None:
        yield "stops between", str(sizes.between)
    if sizes.above is not None:
        yield "stops above", str(sizes.above)


def factorization_text(found: Analysis, ascii_only: bool) -> str:
    """What every convolution with a square kernel would cost as smaller ones."""
    lines = [["convolution", "kernel", "channels", "grid", "MACs", "as 3x3", "as 1xn, nx1", "1x1 pays to"]]
    for node in found.graph.operations():
        whole = convolution(found.graph, node)
        if whole is not None and whole.side > 1:
            lines.append([from_the_end(whole.node, _NAME, ascii_only), *_factors_of(whole)])
    if len(lines) == 1:
        return f"{found.name}: no convolution of one group, with a square kernel and on a known grid\n"
    table = aligned(lines, [False, True, True, True, True, True, True, True])
    return f"{found.name}, convolutions as smaller ones that see as much\n\n{table}"


def _factors_of(whole: Convolution) -> list[str]:
    return [
        f"{whole.side}x{whole.side}/{whole.stride}",
        f"{whole.inputs} to {whole.outputs}",
        "x".join(map(str, whole.grid)),
        short(whole.macs),
        _saved(as_threes(whole)),
        _saved(as_asymmetric(whole)),
        f"{int(worthwhile_reduction(whole)):,}",
    ]


def _saved(factors: Factors | None) -> str:
    return "" if factors is None else f"{short(factors.macs)} {-factors.saving:+.1%}"


def symbolic_text(found: Analysis) -> str:
    """The multiply-accumulates of every block over the symbols of the inputs."""
    macs = symbolic_macs(found.graph)
    if isinstance(macs, str):
        return f"{found.name}: {macs}\n"
    rows: list[tuple[str, Size]] = [(line.row.path, macs.get(line.row.path, 0)) for line in found.lines]
    facts = [(path, _unbroken(of)) for path, of in [*rows, ("total", macs[""])] if of or path == "total"]
    text = labelled(facts).replace(_NO_BREAK, " ")
    return f"{found.name}, multiply-accumulates per sample in eval mode\n\n{text}"


def _unbroken(size: Size) -> str:
    """A polynomial that lines are broken in between its floors only."""
    return re.sub(r"\([^()]*\)", lambda inside: inside[0].replace(" ", _NO_BREAK), str(size))
