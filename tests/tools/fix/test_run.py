"""Fixing: what is made, what is proven not to hold and left out, and that once more changes nothing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.compiler import load_spec
from archspec.ir.graph import Node
from archspec.rules import RULES
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Diagnostics, Severity
from archspec.source.files import load_file
from archspec.source.remedy import AppendToBranch, Change, Remedy, RemoveItem, SetAttribute
from archspec.source.span import Source
from archspec.tools.fix.edits import CannotFixError, Edit, after, before, edited
from archspec.tools.fix.run import Fixed, fix
from tests.specs import spec


@dataclass
class Wish(Rule):
    """A rule that has a remedy for some nodes."""

    name: ClassVar[str] = "wish"
    severity: ClassVar[Severity] = Severity.WARNING
    remedy: Callable[[Node], Change | None]

    def check(self, case: Case) -> Iterator[Finding]:
        for node in case.graph.operations():
            if change := self.remedy(node):
                yield Finding(node, "not as wished", remedy=Remedy("do so", (change,)))


def wish(rows: str, remedy: Callable[[Node], Change | None], inputs: str = "{x: [N, 4, 8, 8]}") -> Fixed:
    others = [rule for rule in RULES if rule.name in ("dead-node", "unmet-contract")]
    return fix(spec(rows, inputs), rules=[Wish(remedy), *others])


def unbiased(node: Node) -> Change | None:
    return SetAttribute(node.path, "bias", "false") if getattr(node.op, "bias", None) is True else None


def without(op: str) -> Callable[[Node], Change | None]:
    return lambda node: RemoveItem(node.path) if node.resolved.name == op else None


def reasons(fixed: Fixed) -> list[str | None]:
    return [tried.outcome for tried in fixed.left_out]


def lines(fixed: Fixed) -> list[str]:
    return fixed.new.source.text.splitlines()[3:]


def test_what_a_fix_changes_is_told_with_the_place_in_the_text_as_it_was() -> None:
    fixed = wish("layers:\n  - relu\n  - tanh\n  - conv: {kernel: 3, channels: 2}\n  - tanh\n", without("tanh"))
    assert lines(fixed) == ["layers:", "  - relu", "  - conv: {kernel: 3, channels: 2}"]
    assert [str(tried.place) for tried in fixed.made] == ["spec.yaml:6:5", "spec.yaml:8:5"]
    assert [tried.outcome for tried in fixed.made] == ["other names of weights", "same parameters and MACs"]
    fixed = wish("layers: [{conv: {kernel: 3, channels: 2}}]", unbiased)
    assert [tried.outcome for tried in fixed.made] == ["-2 parameters"]


def test_what_leads_to_a_dead_item_alone_goes_with_it() -> None:
    rows = (
        "blocks: {b: {layers: [{conv: {kernel: 1, channels: 4}}, relu]}}\nlayers:\n  - relu: {id: a}\n"
        "  - b: {id: b}\n  - tanh: {id: c}\n  - add: {id: d, from: [a, c]}\noutputs: {o: a}\n"
    )
    assert lines(fix(spec(rows)))[1:3] == ["layers:", "  - relu: {id: a}"]


def test_a_finding_that_cannot_be_mended_does_not_keep_others_of_its_kind_from_it() -> None:
    part = "{conv: {kernel: 5, padding: same, channels: %s}}"
    rows = f"layers: [{{conv: {{kernel: 5, padding: same, channels: 64, repeat: 2}}}}, relu, {part % 32}, relu]"
    fixed = fix(spec(rows, "{x: [N, 64, 64, 64]}"))
    assert reasons(fixed)[0] == "its item has `repeat`"
    assert lines(fixed)[0].endswith(
        "relu, {conv: {kernel: 3, padding: same, channels: 32}}, relu, "
        "{conv: {kernel: 3, padding: same, channels: 32}}, relu]"
    )


@pytest.mark.parametrize(
    "first",
    ["&a {kernel: 5, channels: 64, padding: same}", "&a {kernel: 3, channels: 64, padding: same}}, {batch_norm: {}"],
)
def test_what_aliases_repeat_is_not_edited(first: str) -> None:
    fixed = fix(spec(f"layers: [{{conv: {first}}}, relu, {{conv: *a}}, relu]", "{x: [N, 64, 64, 64]}"))
    assert not fixed.made
    assert "aliases repeat what is written there" in reasons(fixed)


@pytest.mark.parametrize(
    "rows",
    [
        "params: {p: true}\nlayers: [{conv: {kernel: 1, channels: 8}}, {batch_norm: {if: $p}}, relu]",
        "params: {p: true}\nlayers: [{relu: {if: $p}}, relu]",
        "layers: [{conv: {kernel: 5, channels: 64, padding: same, init: {weight: zeros}}}, relu]",
    ],
    ids=["a norm that may not be there", "an activation that may not be there", "initial weights"],
)
def test_what_depends_on_more_than_is_seen_is_not_mended(rows: str) -> None:
    assert not fix(spec(rows, "{x: [N, 64, 64, 64]}")).made


def test_a_convolution_whose_weights_are_shared_is_not_split() -> None:
    rows = "layers: [{conv: {id: b, kernel: 5, padding: same, channels: 32}}, relu, {conv: {id: c, share: b}}, relu]"
    assert not fix(spec(rows, "{x: [N, 32, 64, 64]}")).made


def test_one_edit_serves_every_use_of_a_block() -> None:
    rows = "blocks: {b: {layers: [{conv: {kernel: 1, channels: 4}}]}}\nlayers: [b, {b: {repeat: 3}}]"
    assert lines(wish(rows, unbiased)) == [
        "blocks: {b: {layers: [{conv: {kernel: 1, channels: 4, bias: false}}]}}",
        "layers: [b, {b: {repeat: 3}}]",
    ]


def test_what_a_block_is_told_is_mended_at_each_of_its_uses() -> None:
    rows = "blocks: {b: {params: {bias: true}, layers: [{conv: {kernel: 1, channels: 4, bias: $bias}}]}}\n"
    fixed = wish(rows + "layers: [b, {b: {bias: true}}, {b: {bias: false}}]", unbiased)
    assert lines(fixed)[1] == "layers: [{b: {bias: false}}, {b: {bias: false}}, {b: {bias: false}}]"


CHANNELS = "layers: [{conv: {id: c, kernel: 1, channels: 8}}, {linear: {id: l, features: 2}}]\n"
BROKEN: dict[str, tuple[str, Callable[[Node], Change | None], str]] = {
    "an output of another type": (
        CHANNELS,
        lambda node: SetAttribute("l", "features", "3") if getattr(node.op, "features", 3) != 3 else None,
        "the output `output` would be [N, 8, 8, 3], and not [N, 8, 8, 2]",
    ),
    "a finding that stays": (
        CHANNELS,
        lambda node: SetAttribute("l", "bias", "false") if node.path == "l" else None,
        "it would still be there",
    ),
    "a contract": (
        f"{CHANNELS}expect: {{parameters: 58}}\n",
        unbiased,
        "then there would be `unmet-contract`: the network has 50 parameters, but 58 are expected (-8)",
    ),
    "a value that cannot be": (
        CHANNELS,
        lambda node: SetAttribute("c", "bias", "no") if node.path == "c" else None,
        "then there would be `wrong-value`: `bias` is `no`; expected true or false",
    ),
    "a name that others read": (
        "layers: [relu, {tanh: {id: t}}, {sigmoid: {from: t}}]",
        without("tanh"),
        "then there would be `unknown-node`: there is nothing called `t` here",
    ),
    "neighbours on one line": (
        "layers: [{relu: {id: a}}, {tanh: {id: b}}, {sigmoid: {id: c}}]\noutputs: {o: a}",
        lambda _: None,
        "its changes overlap",
    ),
    "a number that means another item then": (
        "layers: [relu, tanh, sigmoid, silu, {add: {branches: {a: [], b: {relu: {from: 2}}}}}]",
        without("tanh"),
        "`b` would read something else",
    ),
    "a text that is there no more": (
        "layers: [relu]",
        lambda node: AppendToBranch(node.path, 0, "relu") if node.path == "0" else None,
        "not all of its inputs are branches",
    ),
}


def test_an_output_keeps_its_type_at_other_sizes_than_the_nominal_ones() -> None:
    def ceiled(node: Node) -> Change | None:
        return SetAttribute(node.path, "ceil_mode", "true") if getattr(node.op, "ceil_mode", None) is False else None

    rows = "layers: [{max_pool: {kernel: 2, stride: 2}}]"
    assert reasons(wish(rows, ceiled, "{x: [N, 4, 8, 8]}")) == []
    assert reasons(wish(rows, ceiled, "{x: [N, 4, H=8, W=8]}")) == [
        "the output `output` would have another size where the inputs have others than the nominal ones"
    ]


@pytest.mark.parametrize(("rows", "remedy", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_fix_that_would_break_something_is_left_out(
    rows: str, remedy: Callable[[Node], Change | None], reason: str
) -> None:
    fixed = wish(rows, remedy)
    assert fixed.new.source.text == spec(rows).text
    assert not fixed.made
    assert reasons(fixed)[0] == reason


def test_a_finding_is_not_mended_by_another_as_bad() -> None:
    rows = "layers: [{conv: {kernel: 5, padding: same, channels: 64}}%s]"
    fixed = fix(spec(rows % "", "{x: [N, 64, 28, 28]}"))
    assert [str(reason).split(":")[0] for reason in reasons(fixed)] == ["then there would be `linear-between-factors`"]
    fixed = fix(spec(rows % ", relu", "{x: [N, 64, 28, 28]}"))
    assert lines(fixed) == [
        "layers: [{conv: {kernel: 3, padding: same, channels: 64}}, relu,"
        " {conv: {kernel: 3, padding: same, channels: 64}}, relu]"
    ]


def test_the_parts_of_a_convolution_have_the_norm_and_the_activation_of_the_whole() -> None:
    part = "{conv: {kernel: 3, padding: same, channels: 64, bias: false}}, {batch_norm: {eps: 0.001}}, relu"
    whole = part.replace("kernel: 3", "kernel: 5")
    assert lines(fix(spec(f"layers: [{whole}]", "{x: [N, 64, 28, 28]}"))) == [f"layers: [{part}, {part}]"]


class Seesaw(Rule):
    """A rule whose two remedies undo each other."""

    name = "seesaw"
    severity = Severity.NOTE

    def check(self, case: Case) -> Iterator[Finding]:
        slope = getattr(case.graph["0"].op, "slope", None)
        path, wanted = ("0", "0.2") if slope == 0.1 else ("1", "0.1")
        yield Finding(case.graph[path], "out of balance", remedy=Remedy("", (SetAttribute("0", "slope", wanted),)))


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    fixed = fix(spec("layers: [{leaky_relu: 0.1}, relu]"), rules=[Seesaw()])
    assert lines(fixed) == ["layers: [{leaky_relu: 0.2}, relu]"]
    assert reasons(fixed) == ["another remedy undoes it"]


def test_changes_of_one_remedy_are_made_together_or_not_at_all() -> None:
    with pytest.raises(CannotFixError, match="overlap"):
        edited("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")])


def test_an_included_file_is_left_as_it_is(tmp_path: Path) -> None:
    library = tmp_path / "library.yaml"
    library.write_text("archspec: 1\nblocks: {b: {layers: [{conv: {kernel: 1, channels: 4}}]}}\n", encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(
        spec("include: [library.yaml]\nlayers: [b, {conv: {kernel: 1, channels: 4}}]").text, encoding="utf-8"
    )
    source = load_file(own, "own.yaml", Diagnostics())
    assert source is not None
    fixed = fix(source, rules=[Wish(unbiased)])
    assert reasons(fixed) == ["it is written in `library.yaml`, and only the file that is named is edited"]
    assert lines(fixed)[1] == "layers: [b, {conv: {kernel: 1, channels: 4, bias: false}}]"


LIBRARY = "blocks: {b: {layers: [relu, {conv: {kernel: 1, channels: 4}}]}}\n"
USES: dict[str, tuple[str, str, list[str]]] = {
    "all turns of a repeat but the first": (
        "layers: [{relu: {repeat: 3}}]",
        "layers: [{relu: {repeat: 3}}]",
        ["`0` is written there too, and nothing is said of it"],
    ),
    "one use of a block": (
        LIBRARY + "layers: [relu, b, b]",
        LIBRARY + "layers: [relu, b, b]",
        ["`2.0` is written there too, and nothing is said of it"],
    ),
    "every use of a block": (
        LIBRARY + "layers: [relu, b, relu, b]",
        LIBRARY.replace("relu, ", "") + "layers: [relu, b, relu, b]",
        [],
    ),
}


@pytest.mark.parametrize(("rows", "expected", "left_out"), USES.values(), ids=USES)
def test_what_is_true_of_some_uses_alone_is_not_mended_in_all(rows: str, expected: str, left_out: list[str]) -> None:
    fixed = fix(spec(rows), rules=[rule for rule in RULES if rule.name in ("double-activation", "dead-node")])
    assert fixed.new.source.text == spec(expected).text
    assert reasons(fixed) == left_out


def test_what_is_mended_for_some_parameters_does_no_harm_with_the_others() -> None:
    rows = "params: {p: 0.5}\nlayers: [{dropout: {id: d, p: $p}}, {linear: {id: l, features: 2}}]\n"
    others = [rule for rule in RULES if rule.name == "unmet-contract"]

    def wished(node: Node) -> Change | None:
        return SetAttribute("l", "bias", "false") if getattr(node.op, "bias", None) is True else None

    source = spec(f"{rows}expect: {{parameters: 18}}")
    assert reasons(fix(source, {"p": 0}, rules=[Wish(wished), *others]))[0] == (
        "with the parameters as they are in the text, then there would be `unmet-contract`: "
        "the network has 16 parameters, but 18 are expected (-2)"
    )


def test_a_spec_that_fails_may_be_mended_one_error_at_a_time() -> None:
    rows = """
        layers:
          - add: {branches: {a: [], b: [{conv: {kernel: 3, channels: 4}}]}}
          - add: {branches: {c: [], d: [{conv: {kernel: 1, channels: 9}}]}}
    """
    fixed = fix(spec(rows))
    assert [tried.finding.remedy.title for tried in fixed.made if tried.finding.remedy] == [
        "write `padding: same`",
        "write `channels: 4`",
    ]
    assert not any(one.severity is Severity.ERROR for one in fixed.new.found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_remedy_of_a_rule_mends_the_bad_example_of_its_page(rule: Rule) -> None:
    page = re.search(r"## Bad\n.*?```yaml\n(.*?)```", inspect.getdoc(rule) or "", re.DOTALL)
    assert page is not None
    fixed = fix(Source("bad.yaml", page[1]))
    mended = [one for one in fixed.old.found if one.remedy is not None]
    assert not any(one.name == rule.name for one in fixed.new.found if mended)
    assert bool(fixed.made) == bool(mended)


ROWS = st.sampled_from(
    [
        "- conv: {kernel: 3, channels: 4, padding: same}  # c",
        "- conv:\n      kernel: 3\n      # its channels\n      channels: 4\n      padding: 1",
        "- batch_norm",
        "- relu  # not linear",
        "- relu: {}",
        "- dropout: 0",
        "- max_pool: 1",
        "- tanh: {from: x}",
        "# a remark",
        "- add: {branches: {a: [], b: [{conv: {kernel: 3, channels: 4}}, relu]}}",
        "- add:\n      branches:\n        a: []\n        b:\n          - conv: {kernel: 1, channels: 7}",
        "- {relu: {}}",
    ]
)


@given(st.lists(ROWS, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_fixing_twice_is_fixing_once_and_never_makes_it_worse(rows: list[str], line_break: str, ends: bool) -> None:
    text = spec("layers:\n" + "".join(f"  {row}\n" for row in rows)).text.replace("\n", line_break)
    fixed = fix(Source("spec.yaml", text if ends else text.removesuffix(line_break)))
    again = fix(fixed.new.source)
    assert not again.made
    assert again.new.source.text == fixed.new.source.text
    assert set(fixed.new.source.text.split(line_break)[:4]) >= {"archspec: 1", "name: net"}
    old = load_spec(fixed.old.source, Diagnostics())
    new = load_spec(fixed.new.source, found := Diagnostics())
    worst = [one.name for one in fixed.old.found if one.severity is Severity.ERROR]
    assert len([one for one in found if one.severity is Severity.ERROR]) <= len(worst)
    if old is not None and new is not None and not worst:
        assert [old.type_of(output.value) for output in old.outputs.values()] == [
            new.type_of(output.value) for output in new.outputs.values()
        ]


@given(
    st.text("ab\n", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text("xy", max_size=3)))
)
def test_a_character_is_found_again_on_either_side_of_an_edit(text: str, given: list[tuple[int, int, str]]) -> None:
    edits: list[Edit] = []
    at = 0
    for start, length, new in sorted(given):
        if at < start < start + length <= len(text):
            edits.append(Edit(start, start + length, new))
            at = start + length
    result = edited(text, edits)
    for offset, character in enumerate(text):
        start, end = after(offset, edits)
        if not any(edit.start <= offset < edit.end for edit in edits):
            assert (result[start:end], before(start, edits)) == (character, offset)
