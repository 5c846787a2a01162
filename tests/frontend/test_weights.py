"""Key maps in a spec, as far as no tensor is moved."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from archspec.compiler import check_spec, load_graph
from archspec.frontend.canonical import print_canonical
from archspec.frontend.json_schema import build_schema
from archspec.language.reader import read
from archspec.recipe.weights import MAX_PATTERNS, KeyMap, Pattern, Template, WeightMap
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source

NETWORK = """
archspec: 1
name: mapped
params: {wide: false}
inputs: {image: [N, 3, H=8, W=8]}
layers:
  - conv: {id: stem, kernel: 3, channels: 4}
  - relu
  - conv: {id: wide, kernel: 3, channels: 4, if: $wide}
"""
MAPS = r"""
weights:
  published:
    title: "the names of 2016: 'weights' and \"biases\""
    layout: tensorflow
    classes: drop-first
    words: {part: {weights: weight, biases: bias}, place: {a: 0, b: "1"}}
    keys:
      'Net/(\w+)/(?P<part>\w+)': '\1.\g<part>'
      'Net/(?P<place>[ab])/x': 'stem.weight'
    ignore: ['global_step', '.*/Momentum']
    fill: {'stem\.bias': 0.5}
  other: {keys: {'(.*)': '\1'}}
"""


def spec(maps: str) -> Source:
    return Source("mapped.yaml", NETWORK + maps)


def test_maps_stand_on_the_graph_by_name() -> None:
    maps = load_graph(spec(MAPS)).weight_maps
    assert list(maps) == ["published", "other"]
    assert maps["other"] == WeightMap(keys={"(.*)": r"\1"})
    assert maps["published"].words == {"part": {"weights": "weight", "biases": "bias"}, "place": {"a": "0", "b": "1"}}
    assert (maps["published"].layout, maps["other"].layout) == ("tensorflow", "torch")
    assert (maps["published"].classes, maps["other"].classes) == ("drop-first", "all")


def test_the_canonical_form_carries_them() -> None:
    graph = load_graph(spec(MAPS))
    text = print_canonical(graph)
    again = load_graph(Source("expanded.yaml", text))
    assert again.weight_maps == graph.weight_maps
    assert print_canonical(again).partition("weights:")[2] == text.partition("weights:")[2]


def test_the_schema_knows_them() -> None:
    schema = jsonschema.Draft202012Validator(build_schema())

    def says(maps: str) -> int:
        value = read(spec(maps), Diagnostics())
        assert value is not None
        return len(list(schema.iter_errors(value.plain)))

    assert says(MAPS) == 0
    assert says("weights: {a: {layout: torch}}") == 1
    assert says("weights: {a: {keys: {a: b}, layuot: torch}}") == 1
    assert says("weights: {a: {keys: {a: b}, layout: caffe}}") == 1


def test_a_spec_that_extends_another_merges_maps_by_name(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(NETWORK + MAPS, encoding="utf-8")
    other = "archspec: 1\nname: changed\nextends: base.yaml\nweights: {other: null, third: {keys: {a: stem.bias}}}\n"
    (tmp_path / "changed.yaml").write_text(other, encoding="utf-8")
    assert list(load_graph(tmp_path / "changed.yaml").weight_maps) == ["published", "third"]


def test_an_included_spec_keeps_its_maps_to_itself(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(NETWORK + MAPS, encoding="utf-8")
    text = NETWORK.replace("name: mapped", "name: whole\ninclude: [part.yaml]").replace("conv: {id: stem,", "conv: {")
    (tmp_path / "whole.yaml").write_text(text, encoding="utf-8")
    assert load_graph(tmp_path / "whole.yaml").weight_maps == {}


def test_a_pattern_that_leads_to_no_key_is_idle_unless_parameters_decide_about_it() -> None:
    assert [found.name for found in check_spec(spec("weights: {a: {keys: {a: width.weight}}}"))] == ["idle-pattern"]
    assert not len(check_spec(spec("weights: {a: {keys: {a: wide.weight}}}")))
    assert not len(check_spec(spec("weights: {a: {keys: {a: width.weight}}}"), {"wide": True}))


def test_maps_have_no_more_patterns_than_can_be_compared() -> None:
    half = MAX_PATTERNS // 2
    rows = ["weights:", "  a:", "    keys:", *(f"      n{index}: stem.weight" for index in range(half))]
    rows += ["    ignore:", *(f"      - n{index}" for index in range(MAX_PATTERNS - half))]
    assert not len(check_spec(spec("\n".join(rows))))
    assert [found.name for found in check_spec(spec("\n".join([*rows, "      - last"])))] == ["too-many-patterns"]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*)*(.*)*(.*)*b", "(?:a?){50}a{50}b"])
def test_no_pattern_takes_more_than_linear_time(pattern: str) -> None:
    begun = time.perf_counter()
    assert Pattern(pattern).match("a" * 20_000) is None
    assert time.perf_counter() - begun < 1


def test_no_pattern_is_compiled_without_maps() -> None:
    program = (
        "import sys\n"
        "from archspec.compiler import check_spec\n"
        "from archspec.source.span import Source\n"
        f"check_spec(Source('a.yaml', {NETWORK!r}))\n"
        "assert 're2' not in sys.modules\n"
        f"check_spec(Source('a.yaml', {NETWORK + MAPS!r}))\n"
        "assert 're2' in sys.modules\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Net/stem/weights", "stem.weight"),
        ("Net/stem/gamma", "second"),
        ("Net/a/x", "third.0"),
        ("Net/stem/weights/Momentum", None),
        ("xNet/stem/weights", None),
        ("Net/\ud800/weights", None),
        ("", None),
    ],
)
def test_the_first_pattern_that_matches_the_whole_name_and_has_the_words_counts(name: str, key: str | None) -> None:
    described = WeightMap(
        words={"part": {"weights": "weight"}, "place": {"a": "0"}},
        keys={
            r"Net/(\w+)/(?P<part>\w+)": r"\1.\g<part>",
            r"Net/\w+/gamma": "second",
            r"Net/(?P<place>\w)/x": r"third.\g<place>",
        },
    )
    assert KeyMap(described).key_of(name) == key


def test_a_group_that_took_no_part_gives_nothing() -> None:
    assert KeyMap(WeightMap(keys={r"(a)?(b)": r"<\1\2>"})).key_of("b") == "<b>"


def test_a_doubled_backslash_is_one_and_a_zero_is_the_whole_name() -> None:
    assert KeyMap(WeightMap(keys={r"(a)b": r"\\\1\g<0>"})).key_of("ab") == "\\aab"


@pytest.mark.parametrize(
    ("template", "key", "could"),
    [
        ("stem.weight", "stem.weight", True),
        ("stem.weight", "stem.weights", False),
        (r"\1.weight", "stem.weight", True),
        (r"\1.weight", "stem.bias", False),
        (r"a\1b\1c", "a-b-c", True),
        (r"a\1b\1c", "ac", False),
        (r"aba\1aba", "aba", False),
        (r"aba\1aba", "abaaba", True),
    ],
)
def test_what_a_template_could_give_is_known_without_names(template: str, key: str, could: bool) -> None:
    assert Template(template, Pattern("(x)")).could_give(key) is could
