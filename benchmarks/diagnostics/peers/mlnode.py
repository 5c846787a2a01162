"""mlnode: graphs in JSON, its static validation, and the module it builds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
{"mlnode_schema_version": "1.0",
 "input_shape": ["B", 192, 35, 35],
 "output_node": "cat",
 "nodes": [
  {"id": "x", "type": "Input", "params": {"shape": ["B", 192, 35, 35]}},
  {"id": "b1", "type": "Conv2d", "params": {"in_channels": 192, "out_channels": 64, "kernel_size": 1}},
  {"id": "b2a", "type": "Conv2d", "params": {"in_channels": 192, "out_channels": 48, "kernel_size": 1}},
  {"id": "b2b", "type": "Conv2d", "params": {"in_channels": 48, "out_channels": 64, "kernel_size": 5, "padding": 2}},
  {"id": "cat", "type": "Concat", "params": {"dim": 1}}],
 "edges": [
  {"source": "x", "target": "b1"},
  {"source": "x", "target": "b2a"},
  {"source": "b2a", "target": "b2b"},
  {"source": "b1", "target": "cat"},
  {"source": "b2b", "target": "cat"}]}
"""
B1 = '"Conv2d", "params": {"in_channels": 192, "out_channels": 64, "kernel_size": 1}'
B2B = '"kernel_size": 5, "padding": 2'
CAT = '{"id": "cat", "type": "Concat", "params": {"dim": 1}}'
LAST = '{"source": "b2b", "target": "cat"}'

ANY_SIZE = (
    ('"input_shape": ["B", 192, 35, 35]', '"input_shape": ["B", 192, "H", "W"]'),
    ('"shape": ["B", 192, 35, 35]}', '"shape": ["B", 192, "H", "W"]}'),
)
HALVED = ((B1, '"MaxPool2d", "params": {"kernel_size": 2}'), (B2B, '"kernel_size": 5, "padding": 1, "stride": 2'))
STRIDED = (
    (B1, '"MaxPool2d", "params": {"kernel_size": 3, "stride": 2, "padding": 1}'),
    (B2B, f'{B2B}, "stride": 2'),
)
GROUPED = ((B2B, f'{B2B}, "groups": 4'),)
POOLED = ((B1, '"MaxPool2d", "params": {"kernel_size": 3, "stride": 1, "padding": 1}'),)
LINEAR = (
    ('"output_node": "cat"', '"output_node": "fc"'),
    (
        CAT,
        f'{CAT},\n  {{"id": "flat", "type": "Flatten"}},\n'
        '  {"id": "fc", "type": "Linear", "params": {"in_features": 156800, "out_features": 10}}',
    ),
    (LAST, f'{LAST},\n  {{"source": "cat", "target": "flat"}},\n  {{"source": "flat", "target": "fc"}}'),
)
LINEAR_OF_MEANS = (
    *LINEAR,
    ("156800", "128"),
    ('{"id": "flat"', '{"id": "mean", "type": "AdaptiveAvgPool2d", "params": {"output_size": 1}},\n  {"id": "flat"'),
    ('"source": "cat", "target": "flat"', '"source": "cat", "target": "mean"}, {"source": "mean", "target": "flat"'),
    *ANY_SIZE,
)
ACTIVATED = (
    ('"output_node": "cat"', '"output_node": "act"'),
    (CAT, f'{CAT},\n  {{"id": "act", "type": "ReLU"}}'),
    (LAST, f'{LAST},\n  {{"source": "cat", "target": "act"}}'),
)


class Mlnode(Peer):
    """Graphs in JSON to modules of torch."""

    name: ClassVar[str] = "mlnode"
    packages: ClassVar[tuple[str, ...]] = ("mlnode",)
    roots: ClassVar[tuple[str, ...]] = ("mlnode",)
    block: ClassVar[str] = BLOCK
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(('"b2b", "type": "Conv2d"', '"b2b", "type": "Cnov2d"')),
        "parameter-typo": planted((B2B, B2B.replace("padding", "paddign"))),
        "missing-parameter": planted((B2B, '"padding": 2')),
        "wrong-type": planted((B1, B1.replace("64", '"64"'))),
        "unknown-key": planted((' "input_shape"', ' "titel": "A block",\n "input_shape"')),
        "unknown-input": planted((LAST, LAST.replace("b2b", "b2c"))),
        "cycle": planted(('{"source": "x", "target": "b2a"}', '{"source": "b2b", "target": "b2a"}')),
        "duplicate-name": planted((f"  {CAT}", f'  {{"id": "b2a", "type": "ReLU"}},\n  {CAT}')),
        "dead-branch": planted((f",\n  {LAST}", ', {"source": "b1", "target": "cat"}')),
        "wrong-channels": planted(('"in_channels": 48', '"in_channels": 64')),
        "concat-mismatch": planted((B2B, '"kernel_size": 5')),
        "large-kernel": planted(('"out_channels": 48, "kernel_size": 1', '"out_channels": 48, "kernel_size": 99')),
        "rounded-up": planted(('"kernel_size": 2}', '"kernel_size": 2, "ceil_mode": true}'), base=HALVED),
        "symbolic": planted((B2B, '"kernel_size": 5'), base=ANY_SIZE),
        "groups": planted(('"groups": 4', '"groups": 5'), base=GROUPED),
        "pool-padding": planted(('"padding": 1', '"padding": 2'), (B2B, B2B.replace("2", "3")), base=POOLED),
        "same-stride": planted(('"padding": 2, "stride"', '"padding": "same", "stride"'), base=STRIDED),
        "zero-stride": planted((B2B, f'{B2B}, "stride": 0')),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": planted(
            ('"AdaptiveAvgPool2d", "params": {"output_size": 1}', '"Identity"'),
            ("128,", "156800,"),
            base=LINEAR_OF_MEANS,
        ),
        "training-head": "there are no phases",
        "code": planted(('"act", "type": "ReLU"', f'"act", "type": "{CODE}"'), base=ACTIVATED),
        "two-mistakes": planted(
            ('"out_channels": 48, "kernel_size": 1', '"out_channels": 48, "kernel_size": 1, "paddign": 0'),
            (LAST, LAST.replace("b2b", "b2c")),
        ),
        "oblong-kernel": planted((B2B, '"kernel_size": [1, 7], "padding": [0, 3]')),
    }

    def check(self, text: str) -> Sequence[str]:
        return [error.message for error in self._read(text).validate().errors]

    def build(self, text: str) -> Any:
        return self._read(text).build()

    def _read(self, text: str) -> Any:
        from mlnode import MLnodeModel

        return MLnodeModel.from_dict(json.loads(text))
