"""Files: what `include`, `extends` and `defaults` bring, and how far they reach."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from archspec.compiler import check_spec, load_graph
from archspec.ir.graph import Graph
from archspec.source.diagnostic import SpecError
from tests.specs import errors, hold_canonical_form, keys, load, outline, paths, reads, shape, spec

Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """`files(main="...", other="...")` writes `main.yaml`, `other.yaml` and gives the path of the first."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            header = "archspec: 1\n" if "layers:" not in re.sub("{.*}", "", text) else ""
            written = f"{header}{dedent(text)}" if header else spec(text).text
            (tmp_path / f"{name}.yaml").write_text(written, encoding="utf-8")
        return tmp_path / f"{next(iter(texts))}.yaml"

    return write


def graph_of(path: Path, **params: Any) -> Graph:
    graph = load_graph(path, params)
    hold_canonical_form(graph)
    return graph


def names_of(path: Path) -> list[tuple[str, str]]:
    return [
        (error.name, error.span.source.text[error.span.start : error.span.end] if error.span else "")
        for error in check_spec(path)
    ]


def test_an_included_file_brings_its_blocks(files: Files) -> None:
    main = files(
        main="include: [lib.yaml]\nlayers: [{cb: {id: a}}]",
        lib="blocks: {cb: {layers: [{conv: {id: c, kernel: 1, channels: 2}}]}}",
    )
    assert keys(graph_of(main)) == ["a.c.weight", "a.c.bias"]


def test_what_a_file_includes_is_its_own(files: Files) -> None:
    texts = {
        "main": "include: [lib_a.yaml]\nlayers: [outer]",
        "lib_a": "include: [lib_b.yaml]\nblocks: {outer: {layers: [inner]}}",
        "lib_b": "blocks: {inner: {layers: [relu]}}",
    }
    assert paths(graph_of(files(**texts))) == ["0.0.0"]
    assert names_of(files(**(texts | {"main": "include: [lib_a.yaml]\nlayers: [outer, inner]"}))) == [
        ("unknown-op", "inner")
    ]


def test_each_file_sees_its_own_block_of_a_name(files: Files) -> None:
    main = files(
        main="include: [lib_a.yaml]\nblocks: {cb: {layers: [tanh]}}\nlayers: [outer, cb]",
        lib_a="include: [lib_b.yaml]\nblocks: {outer: {layers: [cb]}}",
        lib_b="blocks: {cb: {layers: [relu]}}",
    )
    assert [node.resolved.name for node in graph_of(main).operations()] == ["relu", "tanh"]


def test_a_whole_file_is_included_as_a_block(files: Files) -> None:
    main = files(
        main="include: [encoder.yaml]\nlayers: [{encoder: {id: e, width: 3}}, {relu: {from: e.deep}}]",
        encoder="""
        name: encoder
        params: {width: 2}
        inputs: {image: [N, C, H=64, W=64]}
        layers:
          - conv: {id: c, kernel: 1, channels: $width}
          - max_pool: {id: p, kernel: 2}
        outputs: {skip: c, deep: p}
        """,
    )
    graph = graph_of(main)
    assert (graph["e.c"].scope.block, reads(graph, "1")) == ("encoder", ["e.p"])
    assert shape(graph, "e.p") == "[N, 3, 4, 4]"


def test_two_included_files_do_not_define_one_name(files: Files) -> None:
    block = "blocks: {cb: {layers: [relu]}}"
    assert names_of(files(main="include: [lib_a.yaml, lib_b.yaml]\nlayers: [cb]", lib_a=block, lib_b=block)) == [
        ("name-conflict", "lib_b.yaml")
    ]
    assert names_of(files(main=f"include: [lib_a.yaml]\n{block}\nlayers: [cb]", lib_a=block)) == [
        ("name-conflict", "cb")
    ]


def test_one_file_may_be_reached_twice(files: Files) -> None:
    main = files(
        main="include: [lib_a.yaml, lib_b.yaml]\nlayers: [a, b]",
        lib_a="blocks: {b: {layers: [relu]}}",
        lib_b="include: [lib_a.yaml]\nblocks: {a: {layers: [b]}}",
    )
    assert paths(graph_of(main)) == ["0.0.0", "1.0"]


def test_defaults_are_visible_in_their_own_file_only(files: Files) -> None:
    main = files(
        main="""
        include: [lib.yaml]
        defaults: {conv: {bias: false, kernel: 3}, batch_norm: {eps: 1e-3}}
        layers:
          - conv: {id: a, channels: 2}
          - conv: {id: b, channels: 2, kernel: 1, bias: true}
          - cb: {id: c}
          - batch_norm: {id: bn}
        """,
        lib="blocks: {cb: {layers: [{conv: {id: c, kernel: 1, channels: 2}}]}}",
    )
    graph = graph_of(main)
    assert list(graph["a"].weights) == ["weight"]
    assert list(graph["b"].weights) == ["weight", "bias"]
    assert list(graph["c.c"].weights) == ["weight", "bias"]
    assert graph["bn"].resolved.eps == 0.001  # type: ignore[attr-defined]


def test_defaults_hold_for_blocks_and_may_use_parameters() -> None:
    graph = load("""
        params: {width: 3}
        defaults: {cb: {channels: $width}}
        blocks: {cb: {params: {channels: int}, layers: [{conv: {kernel: 1, channels: $channels}}]}}
        layers: [cb, {cb: {channels: 5}}]
    """)
    assert [shape(graph, path) for path in paths(graph)] == ["[N, 3, 8, 8]", "[N, 5, 8, 8]"]


BASE = """
        title: the base
        params: {classes: 10, width: 4}
        layers:
          - conv: {id: stem, kernel: 3, channels: $width, padding: same, bias: false}
          - sequence: {id: body, layers: [{conv: {id: c, kernel: 1, channels: 4}}, relu]}
          - concat:
              branches:
                left: [{conv: {id: d, kernel: 1, channels: 2}}]
                right: {conv: {kernel: 1, channels: 2}}
          - conv: {id: turns, kernel: 1, channels: 4, repeat: 2}
          - flatten
          - linear: {id: fc, features: $classes}
        heads: {aux: {relu: {from: stem}}}
        outputs: {logits: fc, aux: aux}
        expect: {parameters: 2794}
"""


def extended(files: Files, changes: str) -> Path:
    path = files(main="layers: [relu]", base=BASE)
    path.write_text("archspec: 1\nname: variant\nextends: base.yaml\n" + changes, encoding="utf-8")
    return path


def test_without_changes_it_is_the_base_under_another_name(files: Files) -> None:
    path = extended(files, "")
    changed, base = outline(graph_of(path)), outline(graph_of(path.parent / "base.yaml"))
    assert (changed.pop("name"), base.pop("name")) == ("variant", "net")
    assert changed == base


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ("params: {width: 6}", "stem", "[N, 6, 8, 8]"),
        ("layers: {stem: {conv: {kernel: 1}}}", "stem", "[N, 4, 8, 8]"),
        ("layers: {stem: {conv: {padding: null}}}", "stem", "[N, 4, 6, 6]"),
        ("layers: {stem: {batch_norm: {id: stem}}}", "stem", "[N, 4, 8, 8]"),
        ("layers: {body.c: {conv: {channels: 6}}}", "body.c", "[N, 6, 8, 8]"),
        ("layers: {left.d: {conv: {channels: 6}}}", "left.d", "[N, 6, 8, 8]"),
        ("layers: {right: {conv: {channels: 6}}}", "right", "[N, 6, 8, 8]"),
        ("layers: {turns: {conv: {repeat: 3}}}", "turns.2", "[N, 4, 8, 8]"),
        ("inputs: {x: [N, 4, 6, 6]}", "stem", "[N, 4, 6, 6]"),
    ],
)
def test_attributes_are_merged_one_by_one(files: Files, changes: str, path: str, expected: str) -> None:
    assert shape(graph_of(extended(files, f"{changes}\n")), path) == expected


def test_paths_are_those_of_the_base_whatever_is_removed(files: Files) -> None:
    path = files(main="layers: [relu]", base="layers: [relu, tanh, sigmoid, gelu, mish]")
    path.write_text(
        "archspec: 1\nname: v\nextends: base.yaml\nlayers: {'1': null, '2': null, '3': {silu: {}}}\n", encoding="utf-8"
    )
    assert [node.resolved.name for node in graph_of(path).operations()] == ["relu", "silu", "mish"]


def test_attributes_that_are_not_named_stay(files: Files) -> None:
    op = graph_of(extended(files, "layers: {stem: {conv: {kernel: 1}}}\n"))["stem"].resolved
    assert (op.kernel, op.bias, op.padding) == (1, False, "same")  # type: ignore[attr-defined]


def test_another_op_replaces_wholly(files: Files) -> None:
    graph = graph_of(
        extended(files, "layers: {body.c: {batch_norm: {id: c}}, stem: {linear: {id: stem, features: 8}}}\n")
    )
    assert [graph[path].resolved.name for path in ("body.c", "stem")] == ["batch_norm", "linear"]


def test_null_removes_an_item_a_head_an_output_an_attribute(files: Files) -> None:
    graph = graph_of(extended(files, "layers: {body: null, left.d: null}\nheads: {aux: null}\noutputs: {aux: null}\n"))
    assert not {"body.c", "left.d", "aux"} & set(paths(graph))
    assert list(graph.outputs) == ["logits"]
    assert reads(graph, "right") == ["stem"]


@pytest.mark.parametrize("path", ["stom", "turns.0", "body.0.x", "9"])
def test_what_is_not_there_cannot_be_changed(files: Files, path: str) -> None:
    assert names_of(extended(files, f"layers: {{{path}: {{conv: {{kernel: 1}}}}}}\n")) == [("unknown-node", path)]


def test_nothing_is_inserted_by_a_list(files: Files) -> None:
    assert names_of(extended(files, "layers: [relu]\n"))[0][0] == "wrong-value"


def test_blocks_are_replaced_and_added_by_name(files: Files) -> None:
    base = "blocks: {cb: {layers: [relu]}}\nlayers: [{cb: {id: a}}]"
    path = files(main="layers: [relu]", base=base)
    path.write_text(
        "archspec: 1\nname: v\nextends: base.yaml\nblocks: {cb: {layers: [other]}, other: {layers: [tanh]}}\n",
        encoding="utf-8",
    )
    assert [(node.path, node.resolved.name) for node in graph_of(path).operations()] == [("a.0.0", "tanh")]


def test_a_variant_of_a_variant(files: Files) -> None:
    path = extended(files, "params: {width: 6}\n")
    other = path.parent / "other.yaml"
    other.write_text("archspec: 1\nname: other\nextends: main.yaml\nparams: {classes: 3}\n", encoding="utf-8")
    graph = graph_of(other)
    assert (shape(graph, "stem"), shape(graph, "fc")) == ("[N, 6, 8, 8]", "[N, 3]")


def test_a_mistake_in_a_change_is_shown_in_the_file_that_has_it(files: Files) -> None:
    with pytest.raises(SpecError) as caught:
        load_graph(extended(files, "layers: {stem: {conv: {kernal: 1}}}\n"))
    (error,) = caught.value.diagnostics
    assert error.span is not None
    assert error.span.source.name.endswith("main.yaml")


@pytest.mark.parametrize("path", ["/etc/passwd", "../other.yaml", "c:/x.yaml", "missing.yaml"])
def test_only_files_below_the_folder_of_the_spec_are_read(files: Files, path: str) -> None:
    ((name, place),) = names_of(files(main=f"include: [{path}]\nlayers: [relu]"))
    assert name == ("file-not-found" if path == "missing.yaml" else "file-outside")
    assert place == path


def test_files_that_lead_back_to_themselves_are_refused(files: Files) -> None:
    assert names_of(
        files(main="include: [lib.yaml]\nlayers: [relu]", lib="include: [main.yaml]\nblocks: {b: {layers: [relu]}}")
    ) == [("include-cycle", "main.yaml")]


def test_a_block_that_uses_itself_is_refused() -> None:
    assert errors("blocks: {a: {layers: [b]}, b: {layers: [a]}}\nlayers: [a]")[0][0] == "recursive-block"
