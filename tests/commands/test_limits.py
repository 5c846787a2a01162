"""`--limit`: what is refused as too large can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from archspec.commands.main import cli

ROWS = "archspec: 1\nname: t\ninputs: {x: [N, 3]}\nlayers:\n  - linear: {features: 100, repeat: 5}\n"


@pytest.mark.parametrize(
    ("limit", "diagnostic"),
    [
        ("bytes=20", "file-too-large"),
        ("values=5", "too-many-values"),
        ("nesting=1", "nested-too-deep"),
        ("nodes=4", "too-many-nodes"),
        ("parameters=1000", "too-many-parameters"),
    ],
)
def test_each_limit_has_a_diagnostic_and_a_flag(tmp_path: Path, limit: str, diagnostic: str) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(ROWS)
    refused = CliRunner().invoke(cli, ["check", str(spec), "--limit", limit])
    assert f"error[{diagnostic}]" in refused.output
    name = limit.partition("=")[0]
    assert f"--limit {name}=" in refused.output
    assert "no errors" in CliRunner().invoke(cli, ["check", str(spec), "--limit", f"{name}=100000"]).output


@pytest.mark.parametrize("limit", ["noodles=1", "nodes", "nodes=-1", "nodes=many"])
def test_a_limit_that_is_none_is_a_mistake_of_usage(tmp_path: Path, limit: str) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(ROWS)
    refused = CliRunner().invoke(cli, ["check", str(spec), "--limit", limit])
    assert refused.exit_code == 2
    assert "limit" in refused.output
