"""What the explorer tells of two networks that are compared, as plain data: both side by side, and what differs.

Ids and paths are those of each network alone, behind `a:` and `b:`; these are the networks themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from archspec.analysis.diff.networks import Diff
from archspec.analysis.facts import Facts
from archspec.render.diff_lines import ARROW
from archspec.render.explorer.details import Details, Pairs
from archspec.render.explorer.differences import AFTER, BEFORE, KINDS, listed_differences
from archspec.render.explorer.network import ROOT, STYLE, Shared, entry, network_data
from archspec.render.explorer.partners import Changes, partners_of
from archspec.render.explorer.totals import at_a_glance, at_length
from archspec.render.figure.boxes import Attributes
from archspec.render.figure.labels import Line
from archspec.render.figure.markup import Side, cell, label
from archspec.render.figure.parts import Part, parts_of
from archspec.render.layout import value_text
from archspec.source.sanitize import visible

_PARAMS: Final = 4
"""Parameters of the specs that are named, at most."""


def comparison_data(found: Diff) -> dict[str, Any]:
    """All that the page knows of a difference, in the form of what it knows of one network.

    Args:
        found: the difference.
    """
    shared, before, after = Shared(), parts_of(found.before.graph), parts_of(found.after.graph)
    ones = _on_side(BEFORE, "Before", before, found.before, shared)
    others = _on_side(AFTER, "After", after, found.after, shared)
    title = f"{_name(found.before)} {ARROW} {_name(found.after)}"
    whole = entry("comparison", [title], members=[BEFORE, AFTER], details=[*at_length(found.totals), *_weights(found)])
    parts = {ROOT: whole, **ones["parts"], **others["parts"]}
    _introduce(found, before, after, parts)
    common = shared.data()
    del common["graph"]["margin"]  # what networks leave between their boxes is too little between two networks
    return {
        "title": visible(title),
        "subtitle": _params(found),
        "facts": {"eval": at_a_glance(found.totals)},
        "root": ROOT,
        "called": ("difference", "differences"),
        "severities": KINDS,
        "findings": listed_differences(found, parts),
        "parts": parts,
        "edges": [*ones["edges"], *others["edges"]],
        "heat": {name: _together(heat, others["heat"][name]) for name, heat in ones["heat"].items()},
        "open": [ROOT, *ones["open"], *others["open"]],
        **common,
    }


def _name(facts: Facts) -> str:
    return facts.graph.title or facts.graph.name


def _params(found: Diff) -> str:
    """The parameters that both specs have, with other values, as far as they are few."""
    both = {name: values for name, values in found.params.items() if None not in values}
    told = [f"{name} {value_text(old)} {ARROW} {value_text(new)}" for name, (old, new) in both.items()]
    more = [f"and {len(told) - _PARAMS} more"] if len(told) > _PARAMS else []
    return visible(", ".join([*told[:_PARAMS], *more]))


def _weights(found: Diff) -> Iterator[tuple[str, str]]:
    """How many keys of the first network's weights the second can go on with, and why not with the others."""
    weights = found.weights
    every = len(weights.same) + len(weights.renamed) + len(weights.reshaped) + len(weights.new)
    yield "keys that carry over", f"{len(weights.same):,} of {every:,}"
    for word, keys in (
        ("renamed keys", weights.renamed),
        ("reshaped keys", weights.reshaped),
        ("new keys", weights.new),
        ("keys left over", weights.left_over),
        ("misplaced keys", weights.misplaced),
    ):
        if keys:
            yield word, f"{len(keys):,}"
    if found.has_other_recipe:
        yield "training", "another recipe"


def _on_side(side: str, word: str, whole: Part, facts: Facts, shared: Shared) -> dict[str, Any]:
    """One of the networks, in a frame, its ids and paths behind those of the side."""
    network = network_data(whole, Details(facts, is_sound=True), shared)

    def name(id_: str) -> str:
        return side if id_ == ROOT else f"{side}{id_}"

    parts = {
        name(id_): {**part, "path": f"{side}{part['path']}", "members": [*map(name, part["members"])]}
        for id_, part in network["parts"].items()
    }
    heading = f"{word}: {_name(facts)}"
    parts[side] |= {
        "label": [visible(heading)],
        "box": shared.look({**_look(heading, "middle"), "shape": "box", "margin": "0.2,0.1"}),
        "frame": shared.look({**_look(heading, "start"), "labeljust": "l", "margin": "14"}),
    }
    return {
        "parts": parts,
        "edges": [(name(source), name(target), *rest) for source, target, *rest in network["edges"]],
        "heat": {
            measure: {"label": heat["label"]} | {key: _renamed(heat[key], side) for key in ("values", "texts")}
            for measure, heat in network["heat"].items()
        },
        "open": [*map(name, network["open"])],
    }


def _renamed(by_id: Mapping[str, Any], side: str) -> dict[str, Any]:
    return {f"{side}{id_}": value for id_, value in by_id.items()}


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A heat map of both networks, so that equal colours are equal costs."""
    return {**one, **{key: {**one[key], **other[key]} for key in ("values", "texts")}}


def _look(heading: str, side: Side) -> Attributes:
    text = cell([Line(heading, "heading")], {"heading": STYLE.theme.text}, side)
    return {"label": label(text), "style": "filled,rounded"}


def _introduce(found: Diff, before: Part, after: Part, parts: dict[str, Any]) -> None:
    """Tell each part of its partner, and what differs between the two."""
    changes = Changes(found)
    for one, other in partners_of(found, before, after).items():
        _pair(parts, one.id, other.id, changes.between(one, other))
    for pair in found.matching.pairs:
        if pair.before.path in found.before.graph.inputs:
            _pair(parts, f"input:{pair.before.path}", f"input:{pair.after.path}", changes.of(pair))
    for name in found.before.graph.outputs:
        if name in found.after.graph.outputs:
            _pair(parts, f"output:{name}", f"output:{name}", [])


def _pair(parts: dict[str, Any], before: str, after: str, differs: Pairs) -> None:
    for id_, partner in ((BEFORE + before, AFTER + after), (AFTER + after, BEFORE + before)):
        parts[id_]["partner"] = {"id": partner, "differs": differs}
