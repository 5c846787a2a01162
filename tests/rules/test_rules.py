"""Rules: the examples on their pages, severities, and permissions."""

from __future__ import annotations

import re

import pytest

from archspec.compiler import check_spec
from archspec.rules import RULES
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostics, Severity
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
def test_the_good_example_of_a_page_has_nothing_to_say_of(rule: Rule) -> None:
    assert len(check(example(rule, "Good"))) == 0


@every_rule
@pytest.mark.parametrize("severity", ["error", "warning", "off"])
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
    (found,) = check_spec(spec("layers: [{relu: {id: a}}, {tanh: {id: b}}, {sigmoid: {id: c}}]\noutputs: {o: a}"))
    assert found.message == "no output needs the node `c`"


def test_an_input_that_nothing_reads_is_dead() -> None:
    found = check_spec(spec("layers: [{relu: {from: x}}]", "{x: [N, 4], y: [N, 4]}"))
    assert [finding.message for finding in found] == ["no output needs the input `y`"]
