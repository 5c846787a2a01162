"""The file of the explorer: whole, the same every time, and closed to everything but its own script."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from archspec.render.explorer.page import SCRIPTS, STYLES, page
from tests.render.explored import data_of

ROOT = Path(__file__).parents[2]
EXPLORER = files("archspec.render.explorer")
VENDOR = EXPLORER / "vendor"
MODULES = {file.name.removesuffix(".mjs"): file for file in (EXPLORER / "scripts").iterdir()}


@pytest.fixture(scope="module")
def text() -> str:
    return page(_data())


def _data() -> dict[str, Any]:
    return data_of(str(ROOT / "specs" / "inception_v1.yaml"))


def _inside(tag: str, text: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_page_is_the_same_every_time(text: str) -> None:
    assert page(_data()) == text


@pytest.mark.parametrize("tag", ["style", "script"])
def test_only_what_the_page_was_made_with_may_run(text: str, tag: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    digest = b64encode(hashlib.sha256(_inside(tag, text).encode()).digest()).decode()
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules[f"{tag}-src"].split() == [f"'sha256-{digest}'", *(["'wasm-unsafe-eval'"] if tag == "script" else [])]
    assert rules.keys() == {"default-src", "script-src", "style-src", "worker-src", "base-uri", "form-action"}


def test_data_are_no_markup_and_come_through_whole(text: str) -> None:
    data = re.search(r'<script type="application/json" id="data">([^<>&]*)</script>', text)
    assert data is not None
    assert json.loads(data[1]) == json.loads(json.dumps(_data()))


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    assert not re.search(r"\s(?:src|href)\s*=|@import|url\(", re.sub(r"(?s)<script.*?</script>", "", text))


def test_nothing_of_a_spec_fills_a_place_of_the_template() -> None:
    assert page(_data() | {"title": "{{style}}"}).count("{{style}}") == 2  # the title, and the data


def test_scripts_never_take_text_as_markup_or_as_code() -> None:
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(|srcdoc|setAttributeNS"
    )
    assert {name for name, file in MODULES.items() if sinks.search(file.read_text(encoding="utf-8"))} == set()


def test_every_module_is_in_the_page_after_what_it_imports() -> None:
    assert {*SCRIPTS, "worker"} == set(MODULES)
    for place, name in enumerate(SCRIPTS):
        imported = re.findall(r'^import .* from "\./(\w+)\.mjs";$', MODULES[name].read_text(encoding="utf-8"), re.M)
        assert set(imported) <= set(SCRIPTS[:place]), name


def test_every_style_sheet_is_in_the_page() -> None:
    assert {f"{name}.css" for name in STYLES} == {file.name for file in (EXPLORER / "styles").iterdir()}


def test_the_layout_engine_is_the_one_that_its_readme_tells_of() -> None:
    engine = (VENDOR / "graphviz.js").read_bytes()
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(engine).hexdigest() in readme
    assert b"</" + b"script" not in engine
    assert engine.isascii()


def test_licences_of_what_is_vendored_are_there() -> None:
    named = re.findall(r"`(LICENSE-[\w-]+\.txt)`", (VENDOR / "README.md").read_text(encoding="utf-8"))
    assert {file.name for file in VENDOR.iterdir()} == {"graphviz.js", "README.md", *named}
    assert len(named) == 4


def test_the_wheel_has_the_licences_of_what_is_vendored() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licences = re.findall(r"\| ([\w.-]+) \| `LICENSE-", (VENDOR / "README.md").read_text(encoding="utf-8"))
    assert set(licences) <= set(project["license"].split(" AND "))
    shipped = {file.name for pattern in project["license-files"] for file in ROOT.glob(pattern)}
    assert {file.name for file in VENDOR.iterdir() if file.name.startswith("LICENSE")} <= shipped
