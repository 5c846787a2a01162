"""Input sizes that fit, as text and as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, TypeAlias

from archspec.analysis.input_sizes import Sizes
from archspec.ir.graph import Phase

_SEVERAL: Final = 2

SizesByPhase: TypeAlias = Mapping[Phase, tuple[Sizes, ...]]


def sizes_text(sizes: SizesByPhase) -> str:
    """The sizes of inputs that fit, with what stops below them, once where the modes agree; empty for fixed sizes."""
    texts = {phase: ", ".join(map(_fitting_text, found)) for phase, found in sizes.items()}
    if len(set(texts.values())) == 1:
        return texts["eval"]
    return f"{texts['eval']} in eval mode; {texts['training']} in training mode"


def batches_text(batches: Mapping[Phase, Sizes]) -> str:
    """The batches that fit, where not every batch of several does; empty elsewhere."""
    told = [sizes for sizes in batches.values() if (sizes.minimum or 0) > _SEVERAL or sizes.gap or sizes.maximum]
    return sizes_text({phase: (sizes,) for phase, sizes in batches.items()}) if told else ""


def _fitting_text(sizes: Sizes) -> str:
    below = f" (`{sizes.below.node}` stops at {sizes.below.size})" if sizes.below and sizes.below.node else ""
    return f"{sizes}{below}"


def _data(sizes: Sizes) -> dict[str, Any]:
    runs = [] if sizes.fitting is None else sizes.fitting.runs
    stops = {"below": sizes.below, "between": sizes.between, "above": sizes.above}
    return {
        "symbols": list(sizes.symbols),
        "text": str(sizes),
        "minimum": sizes.minimum,
        "maximum": sizes.maximum,
        "runs": [{"first": run.first, "last": run.last, "step": run.step} for run in runs],
        "together": sizes.together,
        "beside": dict(sizes.beside),
        "unknown": sizes.unknown or None,
        **{name: None if stop is None else asdict(stop) for name, stop in stops.items()},
    }


def sizes_data(sizes: SizesByPhase) -> dict[str, Any]:
    """The sizes of inputs that fit as plain data, by phase."""
    return {phase: list(map(_data, found)) for phase, found in sizes.items()}
