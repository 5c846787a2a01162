"""Promise 1: what check accepts builds and runs, and is what was inferred; what it refuses, it refuses in the file.

Random specs are drawn as text, most of them right, some of them wrong. `ARCHSPEC_EXAMPLES=2000` runs as many of them.
"""

from __future__ import annotations

import os
from textwrap import indent

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archspec.compiler import check_spec, load_graph
from archspec.frontend.canonical import print_canonical
from archspec.source.span import Source
from archspec.tools.build import NoSizesError, build
from tests.specs import hold_canonical_form

EXAMPLES = int(os.environ.get("ARCHSPEC_EXAMPLES", "40"))
SPECS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

channels = st.sampled_from([2, 4, 4, 4, 6])
kernels = st.sampled_from(["1", "3", "3", "2", "1x3", "[3, 1]", "5"])
strides = st.sampled_from([1, 1, 1, 2, 3])
flags = st.sampled_from(["true", "false"])
paddings = st.sampled_from(["valid", "same", "same", "1", "[0, 1]"])


@st.composite
def convolutions(draw: st.DrawFn, keep: bool = False) -> str:
    if keep:
        return f"conv: {{channels: 4, kernel: {draw(st.sampled_from(['1', '3', '1x3']))}, padding: same}}"
    groups = draw(st.sampled_from(["1", "1", "2", "$groups"]))
    return (
        f"conv: {{channels: {draw(channels)}, kernel: {draw(kernels)}, stride: {draw(strides)}, "
        f"padding: {draw(paddings)}, groups: {groups}, bias: {draw(flags)}}}"
    )


@st.composite
def pools(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["max_pool", "avg_pool"]))
    return (
        f"{name}: {{kernel: {draw(st.sampled_from(['2', '3', '2x3']))}, stride: {draw(strides)}, "
        f"padding: {draw(st.sampled_from(['valid', '1', '0']))}, ceil_mode: {draw(flags)}}}"
    )


PLAIN = st.sampled_from(
    ["relu: {}", "batch_norm: {}", "tanh: {}", "dropout: 0.5", "group_norm: {groups: 2}", "scale: 0.5", "identity: {}"]
)
USES = st.sampled_from(
    [
        "unit: {}",
        "unit: {wide: 6}",
        "unit: {repeat: 2}",
        "shuffle: {}",
        "residual: {}",
        "residual: {repeat: 2}",
        "twice: {}",
    ]
)


@st.composite
def joins(draw: st.DrawFn, depth: int) -> str:
    op = draw(st.sampled_from(["add", "concat", "concat", "multiply"]))
    count = draw(st.integers(1, 3))
    named = draw(st.booleans())
    keep = draw(st.booleans())
    text = f"{op}:\n  branches:\n"
    for number in range(count if op == "concat" else 2):
        items = draw(lists(depth - 1, most=2, keep=keep)) if draw(st.integers(0, 3)) else ""
        if named:
            text += f"    b{number}:\n" + (indent(items, "      ") if items else "      []\n")
        else:
            body = f"- sequence:\n    id: p{draw(st.integers(0, 10**6))}\n    layers:\n{indent(items, '      ')}"
            text += "    -\n" + (indent(body, "      ") if items else "      []\n")
    return text


@st.composite
def named(draw: st.DrawFn, row: str) -> str:
    """Sometimes with an id, which may hide another or be taken; sometimes reading something that may be there."""
    if not row.endswith("}") or "\n" in row or draw(st.integers(0, 4)):
        return row
    key = draw(st.sampled_from(["id: a", "id: b", "id: c.0", "from: a", "from: features", "from: in", "from: .a"]))
    return row.replace("{", f"{{{key}, ", 1).replace(", }", "}")


@st.composite
def lists(draw: st.DrawFn, depth: int = 2, most: int = 4, keep: bool = False) -> str:
    """The rows of a list, each beginning with `- `."""
    rows = ""
    for _ in range(draw(st.integers(1, most))):
        kind = draw(st.integers(0, 9))
        if keep or kind < 3:
            row = draw(convolutions(keep)) if kind < 6 else draw(PLAIN)
        elif kind < 5:
            row = draw(PLAIN)
        elif kind < 6:
            row = draw(pools())
        elif kind < 8 or not depth:
            row = draw(USES)
        elif kind < 9:
            row = draw(joins(depth))
        else:
            turns = draw(st.integers(0, 2))
            row = f"sequence:\n  repeat: {turns}\n  layers:\n{indent(draw(lists(depth - 1, 2)), '    ')}"
        rows += "- " + indent(draw(named(row)), "  ").strip() + "\n"
    return rows


BLOCKS = """\
blocks:
  unit:
    params: {wide: 4}
    layers:
      - conv: {id: conv, channels: $wide, kernel: 1, bias: false}
      - batch_norm: {id: bn}
      - relu
  shuffle:
    in: [N, C, H, W]
    layers:
      - conv: {id: dw, channels: $C, kernel: 3, padding: same, groups: $C}
      - unit: {id: pw, wide: $(C // 2)}
      - concat: {branches: {a: [], b: {conv: {channels: "$(C - C // 2)", kernel: 1}}}}
  residual:
    in: [N, C, H, W]
    layers:
      - add:
          branches:
            - []
            - [{unit: {id: main}}, {conv: {id: up, channels: $C, kernel: 1}}]
      - relu
  twice:
    layers:
      - conv: {id: first, channels: 4, kernel: 1}
      - conv: {id: square, channels: 4, kernel: 1}
      - conv: {id: again, share: square}
"""


@st.composite
def specs(draw: st.DrawFn) -> str:
    side = draw(st.sampled_from(["H=9, W=8", "7, 12", "H=6, W=6", "H, W"]))
    text = f"archspec: 1\nname: random\nparams: {{groups: {draw(st.sampled_from([1, 2, 4]))}}}\n"
    text += f"inputs: {{x: [N, {draw(channels)}, {side}]}}\n{BLOCKS}layers:\n"
    text += indent(draw(lists()), "  ") + "  - identity: {id: features}\n" + indent(draw(lists(most=3)), "  ")
    ending = draw(st.integers(0, 2))
    text += ["", "  - global_avg_pool\n", "  - global_avg_pool\n  - linear: {features: 3}\n"][ending]
    text += "  - identity: {id: last}\n"
    if draw(st.booleans()):
        rows = draw(lists(1, 2))
        text += f"heads:\n  aux:\n    from: features\n    layers:\n{indent(rows, '      ')}"
        return text + "outputs: {last: last, aux: aux}\n"
    if draw(st.booleans()):
        text += "heads:\n  aux: {conv: {from: features, channels: 2, kernel: 1, when: training}}\n"
        return text + "outputs: {last: last, aux: aux}\n"
    return text + "outputs: {last: last}\n"


@given(specs())
@SPECS
def test_what_is_accepted_runs_as_inferred_and_what_is_refused_is_refused_in_the_file(text: str) -> None:
    source = Source("random.yaml", text)
    found = check_spec(source)
    if found.failed:
        for error in found:
            assert error.span is not None, text
            assert 0 <= error.span.start < error.span.end <= len(text), (text, str(error))
        return
    graph = load_graph(source)
    try:
        report = build(graph)
    except NoSizesError:
        return
    assert report.mismatches == (), text


@given(specs())
@settings(SPECS, max_examples=max(1, EXAMPLES // 2))
def test_the_canonical_form_of_any_spec_is_the_same_network(text: str) -> None:
    source = Source("random.yaml", text)
    if check_spec(source).failed:
        return
    graph = load_graph(source)
    hold_canonical_form(graph)
    assert print_canonical(graph) == print_canonical(load_graph(source))
