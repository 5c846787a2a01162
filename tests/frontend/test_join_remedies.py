"""What would make branches agree is offered, and mends the spec."""

from __future__ import annotations

import pytest

from archspec.compiler import check_spec
from archspec.source.remedy import AppendToBranch, Change, SetAttribute
from archspec.tools.fix.run import fix
from tests.specs import spec

PAIRS: dict[str, tuple[str, Change]] = {
    "same padding": (
        "[{concat: {branches: {a: [{conv: {kernel: 1, channels: 2}}], b: [{conv: {kernel: 5, channels: 2}}, relu]}}}]",
        SetAttribute("b.0", "padding", "same"),
    ),
    "a number, where the stride forbids same": (
        "[{add: {branches: {a: [{conv: {kernel: 3, channels: 4, stride: 2, padding: 1}}],"
        " b: [{max_pool: {kernel: 3, stride: 2}}]}}}]",
        SetAttribute("b.0", "padding", "1"),
    ),
    "none, where the others have none": (
        "[{concat: {branches: {a: {conv: {kernel: 3, channels: 2}}, b: {conv: {kernel: 3, channels: 2}},"
        " c: {conv: {kernel: 3, channels: 2, padding: same}}}}}]",
        SetAttribute("c", "padding", "0"),
    ),
    "an earlier op, where the last has no padding": (
        "[{add: {branches: {a: [], b: [{conv: {kernel: 3, channels: 4}}, batch_norm, relu]}}}]",
        SetAttribute("b.0", "padding", "same"),
    ),
    "a number that is written": (
        "[{add: {branches: {a: [], b: [{conv: {kernel: 1, channels: 9}}, relu]}}}]",
        SetAttribute("b.0", "channels", "4"),
    ),
    "a projection of the shortcut": (
        "[{add: {branches: {a: [], b: [{conv: {kernel: 3, channels: 9, stride: 2, padding: 1}}, relu]}}}]",
        AppendToBranch("0", 0, "conv: {kernel: 1, channels: 9, stride: 2}"),
    ),
    "a projection with a name, in a branch without": (
        "[{add: {id: project, branches: [[], [{conv: {id: c, kernel: 1, channels: 9, stride: 2}}]]}}]",
        AppendToBranch("project.join", 0, "conv: {id: project_1, kernel: 1, channels: 9, stride: 2}"),
    ),
    "a projection of features": (
        "[global_avg_pool, flatten, {add: {branches: {a: [], b: {concat: {from: 1, branches: {l: [], r: []}}}}}}]",
        AppendToBranch("2", 0, "linear: {features: 8}"),
    ),
}


@pytest.mark.parametrize(("layers", "change"), PAIRS.values(), ids=PAIRS)
def test_a_join_is_mended(layers: str, change: Change) -> None:
    source = spec(f"layers: {layers}\n")
    (found,) = check_spec(source)
    assert found.remedy is not None
    assert found.remedy.changes == (change,)
    fixed = fix(source)
    assert [one for one in fixed.new.found if one.name == "shape-mismatch"] == []
    assert len(fixed.made) >= 1


NONE = {
    "batches": ("[{add: {branches: {a: {flatten: {first: 0}}, b: []}}}]", ""),
    "no branches": ("[{conv: {id: c, kernel: 3, channels: 4}}, {add: {from: [x, c]}}]", ""),
    "unequal sides that no padding makes": (
        "[{concat: {branches: {a: [], b: [{max_pool: {kernel: 2, stride: 2}}]}}}]",
        "",
    ),
    "a branch that an `if` leaves out": (
        "[{add: {branches: {a: {if: $f, layers: [relu]}, b: [], c: {conv: {kernel: 1, stride: 2, channels: 9}}}}}]",
        "params: {f: false}\n",
    ),
    "unequal numbers of axes": (
        "[{add: {branches: {a: [flatten, relu], b: []}}}]",
        "inputs: {x: [8, 4, 8, 8]}\n",
    ),
}


@pytest.mark.parametrize(("layers", "header"), NONE.values(), ids=NONE)
def test_nothing_is_offered_where_no_one_change_makes_branches_agree(layers: str, header: str) -> None:
    assert [one.remedy for one in check_spec(spec(f"{header}layers: {layers}\n"))] == [None]


DOWN = "{conv: {id: wide, kernel: 3, padding: same, channels: 4}}, {max_pool: {id: down, kernel: 2}}"
UP = "{conv_transpose: {id: up, kernel: 2, stride: 2, channels: 4%s}}"
LARGER: dict[str, tuple[str, str, str, str]] = {
    "a transposed convolution that gives too little": (
        f"[{DOWN}, {UP % ''}, {{concat: {{from: [up, wide]}}}}]",
        "`output_padding: 1` on the `conv_transpose`",
        f"[{DOWN}, {UP % ', output_padding: 1'}, {{concat: {{from: [up, wide]}}}}]",
        "[N, 4, 9, 9]",
    ),
    "one that gives too little on one axis": (
        f"[{DOWN}, {UP % ''}, relu, {{add: {{from: [wide, 3]}}}}]",
        "`output_padding: [1, 0]` on the `conv_transpose`",
        f"[{DOWN}, {UP % ', output_padding: [1, 0]'}, relu, {{add: {{from: [wide, 3]}}}}]",
        "[N, 4, 9, 8]",
    ),
    "an interpolation": (
        f"[{DOWN}, {{interpolate: {{id: up, scale: 2}}}}, {{add: {{from: [up, wide]}}}}]",
        "`interpolate_like` in place of `interpolate`",
        f"[{DOWN}, {{interpolate_like: {{id: up, from: [down, wide]}}}}, {{add: {{from: [up, wide]}}}}]",
        "[N, 4, 9, 9]",
    ),
    "pixels that are shuffled": (
        f"[{DOWN}, {{conv: {{kernel: 1, channels: 16}}}}, {{pixel_shuffle: {{id: up, factor: 2}}}},"
        " {add: {from: [up, wide]}}]",
        "`crop_like` cuts the larger branch",
        f"[{DOWN}, {{conv: {{kernel: 1, channels: 16}}}}, {{pixel_shuffle: {{id: up, factor: 2}}}},"
        " {crop_like: {id: cut, from: [wide, up]}}, {add: {from: [up, cut]}}]",
        "[N, 4, 9, 9]",
    ),
}


@pytest.mark.parametrize(("layers", "said", "mended", "image"), LARGER.values(), ids=LARGER)
def test_what_a_branch_that_was_made_larger_lacks_is_said(layers: str, said: str, mended: str, image: str) -> None:
    (found,) = check_spec(spec(f"inputs: {{x: {image}}}\nlayers: {layers}\n"))
    assert found.help is not None
    assert found.help.startswith(said)
    assert [one.name for one in check_spec(spec(f"inputs: {{x: {image}}}\nlayers: {mended}\n"))] == []
