"""`archspec rules`, and what `archspec explain` says of one."""

from __future__ import annotations

import json

import pytest

from archspec.commands.main import main
from archspec.rules import RULES
from archspec.rules.rule import Rule

Capture = pytest.CaptureFixture[str]


def test_every_rule_is_a_line_with_its_severity_and_whether_it_can_be_fixed(capsys: Capture) -> None:
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(RULES)]] == sorted(rule.name for rule in RULES)
    words = {line.split()[0]: line.split()[1:4] for line in lines[: len(RULES)]}
    assert words["dead-node"] == ["error", "fix", "No"]
    assert words["unmet-contract"] == ["error", "The", "network"]


def test_rules_are_data_for_programs(capsys: Capture) -> None:
    assert main(["rules", "--json"]) == 0
    rows = {row.pop("name"): row for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == {rule.name for rule in RULES}
    assert rows["dead-node"] == {
        "severity": "error",
        "fixable": True,
        "summary": "No output needs what this node computes.",
        "settings": {},
    }
    for rule in RULES:
        assert rows[rule.name]["settings"] == {
            name: {"default": given.default, "doc": given.doc} for name, given in rule.settings.items()
        }


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.settings], ids=lambda rule: rule.name)
def test_the_settings_of_a_rule_are_explained_with_their_defaults(rule: Rule, capsys: Capture) -> None:
    assert main(["explain", rule.name]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n{key}: {given.doc}; default {given.default:g}\n" in printed for key, given in rule.settings.items())
