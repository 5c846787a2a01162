"""Rules: the examples on their pages, severities, and permissions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archspec.compiler import check_spec, load_graph
from archspec.rules import RULES
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostics, Severity, SpecError
from archspec.source.span import Source
from tests.specs import spec

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def example(rule: Rule, heading: str) -> str:
    found = re.search(rf"## {heading}\n.*?```yaml\n(.*?)```", re.sub(r"(?m)^    ", "", rule.__doc__ or ""), re.DOTALL)
    assert found, f"`{rule.name}` has no example under {heading}"
    return found[1]


def check(text: str) -> Diagnostics:
    return check_spec(Source("example.yaml", text))


@every_rule
def test_the_bad_example_of_a_page_is_what_the_rule_is_against_and_nothing_else(rule: Rule) -> None:
    (found,) = check(example(rule, "Bad"))
    assert (found.name, found.severity) == (rule.name, rule.severity)


@every_rule
def test_what_a_rule_says_of_its_bad_example_is_pinned(rule: Rule, golden: Callable[[str, str], None]) -> None:
    golden(f"rules/{rule.name}.txt", str(check(example(rule, "Bad"))))


@every_rule
def test_the_good_example_of_a_page_has_nothing_to_say_of(rule: Rule) -> None:
    assert len(check(example(rule, "Good"))) == 0


@every_rule
@pytest.mark.parametrize("severity", ["error", "warning", "note", "off"])
def test_a_spec_sets_the_severity_of_a_rule(rule: Rule, severity: str) -> None:
    found = check(example(rule, "Bad") + f"checks: {{{rule.name}: {severity}}}\n")
    assert [finding.severity for finding in found] == ([] if severity == "off" else [Severity(severity)])
    assert found.failed == (severity == "error")


@every_rule
def test_a_rule_is_named_for_the_bad_pattern_and_its_page_begins_with_a_sentence(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert (rule.__doc__ or "").splitlines()[0].endswith(".")


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_graph_is_loaded_with_findings_that_are_no_errors_and_an_error_brings_them_along() -> None:
    rows = "layers: [{conv: {kernel: 1, channels: 4}}, batch_norm%s]"
    assert len(load_graph(spec(rows % ""))) == 3
    with pytest.raises(SpecError) as raised:
        load_graph(spec(rows % ", {relu: {from: x}}"))
    assert [found.name for found in raised.value.diagnostics] == ["bias-before-batch-norm", "dead-node"]


def test_a_graph_is_not_loaded_where_the_spec_makes_a_finding_an_error() -> None:
    with pytest.raises(SpecError):
        load_graph(
            spec("layers: [{conv: {kernel: 1, channels: 4}}, batch_norm]\nchecks: {bias-before-batch-norm: error}")
        )


DEAD_BLOCK = """
        blocks: {b: {layers: [{conv: {id: c, kernel: 1, channels: 4}}, relu]}}
        layers: [{b: {id: used}}, {b: {id: unused%s}}]
        outputs: {o: used}
"""


def test_a_block_that_no_output_needs_is_one_finding_at_its_use() -> None:
    (found,) = check_spec(spec(DEAD_BLOCK % ""))
    assert found.message == "no output needs the part `unused`"


def test_a_permission_on_a_block_silences_it() -> None:
    assert len(check_spec(spec(DEAD_BLOCK % ", allow: {dead-node: published so}"))) == 0


def test_the_end_of_a_dead_chain_is_one_finding() -> None:
    (found,) = check_spec(
        spec("layers: [{relu: {id: a}}, {max_pool: {id: b, kernel: 2}}, {flatten: {id: c}}]\noutputs: {o: a}")
    )
    assert found.message == "no output needs the node `c`"


def test_an_input_that_nothing_reads_is_dead() -> None:
    found = check_spec(spec("layers: [{relu: {from: x}}]", "{x: [N, 4], y: [N, 4]}"))
    assert [finding.message for finding in found] == ["no output needs the input `y`"]


WINDOWS = """
        layers: [{conv: {id: stem, kernel: 3, stride: 2, channels: 8}}, {max_pool: {id: pool, kernel: 5}}]
        heads: {aux: {conv: {from: pool, kernel: 3, channels: 8, when: training}}}
        outputs: {pool: pool, aux: aux}
        expect: {min_input: %s}
"""
POOL = "at 10, in `pool`, a 5x5 window does not fit into the 4x4 input with padding 0"
AUX = "at 30, in `aux`, a 3x3 kernel does not fit into the 2x2 input with padding 0"


@pytest.mark.parametrize(
    ("expected", "messages"),
    [
        ("{eval: 11, training: 31}", []),
        ("{eval: {H: 11, W: 11}, training: {W: 31}}", []),
        ("11", [f"H and W is 31 in training mode, but 11 is expected: {AUX}"]),
        ("{eval: {W: 9}}", [f"W is 11 in eval mode, but 9 is expected: {POOL}"]),
        ("{W: 11, training: 30}", ["W is 31 in training mode, but 11 is", "H and W is 31 in training mode, but 30 is"]),
        (
            "9",
            [f"H and W is 31 in training mode, that of H and W is 11 in eval mode, but 9 is expected: {AUX}; {POOL}"],
        ),
    ],
)
def test_a_smallest_input_is_expected_for_all_or_by_phase_and_symbol(expected: str, messages: list[str]) -> None:
    found = [one.message for one in check_spec(spec(WINDOWS % expected, "{x: [N, 4, H=64, W=64]}"))]
    assert len(found) == len(messages)
    for text, message in zip(found, messages, strict=True):
        assert text.startswith(f"the smallest size of {message}")


def test_a_smallest_input_that_the_phases_share_is_said_once() -> None:
    (found,) = check_spec(spec("layers: [{max_pool: 5}]\nexpect: {min_input: 4}", "{x: [N, 4, H=8, W=9]}"))
    assert found.message == (
        "the smallest size of H and W is 5, but 4 is expected: "
        "at 4, in `0`, a 5x5 window does not fit into the 4x4 input with padding 0"
    )


def test_a_smallest_input_that_cannot_be_told_is_not_taken_for_right() -> None:
    rows = "layers: [{max_pool: 67}, {unflatten: {axis: 2, sizes: [71, -1]}}]\nexpect: {min_input: 4757}"
    (found,) = check_spec(spec(rows, "{x: {shape: [N, 4, L=4757], where: L % 67 == 0}}"))
    assert found.message.startswith(
        "the smallest size of L is unknown (the sizes that fit repeat only after 4757), but"
    )


@pytest.mark.parametrize("expects", [True, False])
def test_sizes_are_measured_only_where_they_are_expected(expects: bool) -> None:
    text = str(spec("layers: [{max_pool: 5}]" + "\nexpect: {min_input: 5}" * expects, "{x: [N, 4, L=8]}").text)
    program = (
        "import sys; from archspec.commands.main import main; main(['check', '-']);"
        "sys.exit('archspec.analysis.input_sizes' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], input=text, text=True, capture_output=True, check=False)
    assert (finished.stdout, finished.returncode) == ("-: no errors, 1 node\n", int(expects)), finished.stderr


ALLOWED = """
        blocks: {b: {layers: [{linear: {id: c, features: 4, allow: {dead-node: published so}}}, {softmax: {from: in}}]}}
        layers: [{b: {id: one}}, {b: {id: two}}]
"""


def test_an_allowance_in_a_block_counts_for_all_of_its_uses() -> None:
    assert len(check_spec(spec(ALLOWED, "{x: [N, 4]}"))) == 0


def test_an_allowance_that_silences_nothing_in_any_use_is_one_finding_where_it_stands() -> None:
    (found,) = check_spec(spec(ALLOWED.replace("{from: in}", "{from: c}"), "{x: [N, 4]}"))
    assert (found.name, found.span.text if found.span else "") == ("unused-allowance", "dead-node")


def test_an_allowance_that_other_parameters_do_not_need_is_not_judged() -> None:
    rows = "params: {p: 0.5}\nlayers: [{dropout: {p: $p, allow: {dead-node: why}}}]"
    assert [len(check_spec(spec(rows), params)) for params in (None, {"p": 0.1})] == [1, 0]


def test_an_allowance_in_an_included_file_is_not_judged(tmp_path: Path) -> None:
    block = ALLOWED.replace("{from: in}", "{from: c}").splitlines()[1].strip()
    (tmp_path / "blocks.yaml").write_text(f"archspec: 1\n{block}\n", encoding="utf-8")
    rows = "archspec: 1\nname: n\ninclude: [blocks.yaml]\ninputs: {x: [N, 4]}\nlayers: [b]\n"
    (tmp_path / "spec.yaml").write_text(rows, encoding="utf-8")
    assert len(check_spec(tmp_path / "spec.yaml")) == 0


def test_an_allowance_of_a_rule_that_is_off_is_not_judged() -> None:
    rows = "layers: [{relu: {allow: {dead-node: why}}}]\nchecks: {dead-node: off}"
    assert len(check_spec(spec(rows))) == 0


@pytest.mark.parametrize(
    ("checks", "names"),
    [
        ("{dead-node: {severity: warning}}", ["dead-node"]),
        ("{dead-node: {severity: fatal}}", ["wrong-value"]),
        ("{dead-node: {below: 3}}", ["unknown-key"]),
        ("{dead-node: 3}", ["wrong-value"]),
    ],
)
def test_checks_may_hold_settings_of_a_rule(checks: str, names: list[str]) -> None:
    found = check_spec(spec(f"layers: [{{relu: {{}}}}, {{tanh: {{from: x}}}}]\nchecks: {checks}"))
    assert [one.name for one in found] == names


@pytest.mark.parametrize(
    ("sides", "expected", "messages"),
    [
        ("H=32, W=32", 8, []),
        ("H=32, W=32", 9, ["the network sees 8 pixels, but 9"]),
        ("T=32", 9, ["the network sees 8 places, but 9"]),
    ],
)
def test_a_receptive_field_is_expected(sides: str, expected: int, messages: list[str]) -> None:
    rows = (
        "layers: [{conv: {kernel: 3, channels: 8}}, {max_pool: 2}, {conv: {kernel: 3, channels: 8}}, global_avg_pool]"
    )
    found = check_spec(spec(f"{rows}\nexpect: {{receptive_field: {expected}}}", f"{{x: [N, 3, {sides}]}}"))
    said = [one.message for one in found if one.name == "unmet-contract"]
    assert len(said) == len(messages)
    assert all(text.startswith(message) for text, message in zip(said, messages, strict=True))


def test_a_receptive_field_that_cannot_be_told_is_not_taken_for_right() -> None:
    (found,) = check_spec(spec("layers: [{linear: 4}]\nexpect: {receptive_field: 1}", "{x: [N, 4]}"))
    assert found.message.startswith("`receptive_field` cannot be told")
