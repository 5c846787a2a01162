"""Whatever is changed in a spec, there is a report of it, and its places lie in the text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from archspec.compiler import check_spec
from archspec.source.report import render_text
from archspec.source.span import Source

VALID = """\
archspec: 1
name: net
params: {width: 8, kernel: 3, deep: true}
inputs:
  x: [N, 3, H=33, W=33]
defaults: {conv: {bias: false}}
blocks:
  unit:
    params: {channels: int, kernel: 3}
    in: [N, C, H, W]
    layers:
      - conv: {id: conv, kernel: $kernel, channels: $(channels * C // 2), padding: same}
      - batch_norm: {id: bn, eps: 1e-3}
      - relu
layers:
  - conv: {id: stem, kernel: $kernel, channels: $width, input: 33x33x3}
  - unit: {id: body, repeat: 2, channels: 2, output: [N, 8, 31, 31]}
  - add: {branches: [[], [{unit: {id: side, each: {channels: [4, 1]}, if: $deep}}]]}
  - sequence: {id: tail, layers: [{max_pool: {kernel: 3, stride: 2, ceil_mode: true}}, {dropout: 0.2}]}
  - flatten
  - linear: {id: logits, features: 10, init: {weight: {normal: {std: 0.01}}, bias: 0}}
heads:
  aux: {linear: {from: body.1, features: 3, when: training}}
  unread: {relu: {from: stem, allow: {dead-node: "an example"}}}
outputs: {logits: logits, aux: aux}
expect: {parameters: 21858, outputs: {logits: [N, 10]}}
checks: {dead-node: warning, pooling-only-reduction: off, linear-over-space: off}
init: {conv: he_normal}
"""
SPLIT = [token for token in re.split(r"(\s+|[\[\]{}:,$()]|\w+)", VALID) if token]
ODD = [
    "", " ", "\n", "  ", "\t", "\x1b", "\u2028", "é", "-", "- ", ":", ": ", ",", "{", "}", "[", "]", "[]", "{}", "'",
    '"', "|", ">", "#", "&a", "*a", "!t", "null", "~", "true", "-1", "0", "1.5", "1e999", "99999999999", "..", "1..3",
    "a1..3", "$", "$(", "$width", "$(width)", "$(C)", "x", "N", "H=3", "H // 2", "33x33", "same", "int64", "in", "id",
    "from", "if", "when", "each", "repeat", "branches", "layers", "share: stem", "tie", "block", "after", "init",
    "extends: x", "include", "training", "conv", "concat", "split", "parameter", "unit", "stem", "body.0",
    "body.1.conv", "{shape: [N, T], dtype: int64}",
]  # fmt: skip
"""What is put where it does not belong."""


def test_the_spec_to_change_has_no_mistake() -> None:
    assert list(check_spec(Source("net.yaml", VALID))) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SPLIT) - 1),
            st.sampled_from(["delete", "double", "replace", "insert", "swap", "copy"]),
            st.sampled_from(ODD),
            st.integers(0, len(SPLIT) - 1),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_changed_in_a_spec_is_a_report(changes: list[tuple[int, str, str, int]]) -> None:
    tokens = list(SPLIT)
    for place, change, text, other in changes:
        tokens[place] = {
            "delete": "",
            "double": tokens[place] * 2,
            "replace": text,
            "insert": tokens[place] + text,
            "swap": SPLIT[other],
            "copy": tokens[place] + SPLIT[other],
        }[change]
    source = Source("net.yaml", "".join(tokens))
    found = check_spec(source)
    for diagnostic in found:
        for span in (diagnostic.span, *(label.span for label in diagnostic.labels)):
            assert span is None or 0 <= span.start <= span.end <= len(span.source.text)
        assert "None" not in diagnostic.message
    assert render_text(found, dependent=found.dependent) or not len(found)
