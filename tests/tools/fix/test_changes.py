"""Each kind of change in each style of writing: what is written around it stays as it is."""

from __future__ import annotations

import pytest

from archspec.compiler import load_spec
from archspec.frontend.limits import LIMITS
from archspec.source.diagnostic import Diagnostics
from archspec.source.remedy import AppendToBranch, Change, Remedy, RemoveItem, SetAttribute, SplitItem
from archspec.source.span import Source
from archspec.tools.fix.changes import edits_of
from archspec.tools.fix.edits import CannotFixError, edited
from archspec.tools.fix.text import Text
from tests.specs import spec


def changed(source: Source, change: Change) -> str:
    graph = load_spec(source, Diagnostics())
    assert graph is not None
    return edited(source.text, edits_of(Remedy("", (change,)), Text(source, graph, LIMITS.text)))


SAME = SetAttribute("0", "padding", "same")
SET = {
    "a value": (
        SAME,
        "layers: [{conv: {kernel: 3, padding: 0, channels: 4}}] # c",
        "layers: [{conv: {kernel: 3, padding: same, channels: 4}}] # c",
    ),
    "a key in flow style": (
        SAME,
        "layers: [{conv: {kernel: 3, channels: 4 }}]",
        "layers: [{conv: {kernel: 3, channels: 4, padding: same }}]",
    ),
    "a pair without braces": (
        SAME,
        "layers: [conv: {kernel: 3, channels: 4}]",
        "layers: [conv: {kernel: 3, channels: 4, padding: same}]",
    ),
    "a key in flow style on several lines": (
        SAME,
        """
        layers:
          - conv: {
              kernel: 3,  # of three
              channels: 4,  # of four
            }
        """,
        """
        layers:
          - conv: {
              kernel: 3,  # of three
              channels: 4, padding: same,  # of four
            }
        """,
    ),
    "a key in block style": (
        SAME,
        """
        layers:
          - conv:   # a convolution
              kernel: 3
              channels: 4  # of four
          - relu
        """,
        """
        layers:
          - conv:   # a convolution
              kernel: 3
              channels: 4  # of four
              padding: same
          - relu
        """,
    ),
    "a key at the end of the text": (
        SAME,
        "layers:\n  - conv:\n      kernel: 3\n      channels: 4",
        "layers:\n  - conv:\n      kernel: 3\n      channels: 4\n      padding: same",
    ),
    "a list in block style": (
        SetAttribute("0", "kernel", "[1, 3]"),
        "layers:\n  - conv:\n      kernel:\n        - 3\n        - 3  # and 3\n      channels: 4\n",
        "layers:\n  - conv:\n      kernel:\n        [1, 3]  # and 3\n      channels: 4\n",
    ),
    "no attributes yet": (
        SetAttribute("0", "slope", "0.2"),
        "layers:\n  - leaky_relu  # leaks\n",
        "layers:\n  - leaky_relu: {slope: 0.2}  # leaks\n",
    ),
    "no attributes yet, in flow style": (
        SetAttribute("0", "slope", "0.2"),
        "layers: [leaky_relu, relu]",
        "layers: [{leaky_relu: {slope: 0.2}}, relu]",
    ),
    "empty attributes": (
        SetAttribute("0", "slope", "0.2"),
        "layers: [{leaky_relu: {}}]",
        "layers: [{leaky_relu: {slope: 0.2}}]",
    ),
    "the value without a name": (
        SetAttribute("0", "kernel", "3"),
        "layers:\n  - max_pool: 2 # c\n",
        "layers:\n  - max_pool: 3 # c\n",
    ),
    "a key beside the value without a name": (
        SetAttribute("0", "stride", "1"),
        "layers:\n  - max_pool: 2 # c\n",
        "layers:\n  - max_pool: {kernel: 2, stride: 1} # c\n",
    ),
    "a key beside a value without a name that a block passes on": (
        SetAttribute("b.0", "stride", "1"),
        "blocks: {b: {params: {k: 2}, layers: [{max_pool: $k}]}}\nlayers: [{b: {id: b}}]",
        "blocks: {b: {params: {k: 2}, layers: [{max_pool: {kernel: $k, stride: 1}}]}}\nlayers: [{b: {id: b}}]",
    ),
    "a value without a name that a block passes on": (
        SetAttribute("b.0", "kernel", "3"),
        "blocks: {b: {params: {k: 2}, layers: [{max_pool: $k}]}}\nlayers: [{b: {id: b}}]",
        "blocks: {b: {params: {k: 2}, layers: [{max_pool: $k}]}}\nlayers: [{b: {id: b, k: 3}}]",
    ),
    "an only item of a branch": (
        SetAttribute("b", "slope", "0.2"),
        "layers: [{add: {branches: {a: [], b: leaky_relu}}}]",
        "layers: [{add: {branches: {a: [], b: {leaky_relu: {slope: 0.2}}}}}]",
    ),
    "what a block passes on": (
        SetAttribute("b.0.c", "padding", "same"),
        """
        blocks:
          conv_bn:
            params: {size: 3, pad: 0}
            layers: [{sequence: {layers: [{conv: {id: c, kernel: $size, channels: 4, padding: $pad}}]}}]
        layers: [{conv_bn: {id: b}}]
        """,
        """
        blocks:
          conv_bn:
            params: {size: 3, pad: 0}
            layers: [{sequence: {layers: [{conv: {id: c, kernel: $size, channels: 4, padding: $pad}}]}}]
        layers: [{conv_bn: {id: b, pad: same}}]
        """,
    ),
}
REMOVE = {
    "in block style": (
        RemoveItem("1"),
        "layers:\n  - relu\n  # what follows\n  - tanh: {}  # goes\n  - sigmoid  # stays\n",
        "layers:\n  - relu\n  # what follows\n  - sigmoid  # stays\n",
    ),
    "on several lines": (
        RemoveItem("1"),
        "layers:\n  - relu\n  - conv:\n      kernel: 1\n      channels: 4  # goes\n\n  # stays\n  - tanh\n",
        "layers:\n  - relu\n\n  # stays\n  - tanh\n",
    ),
    "at the end of the text": (RemoveItem("1"), "layers:\n  - relu  # c\n  - tanh", "layers:\n  - relu  # c"),
    "in flow style": (RemoveItem("1"), "layers: [relu, {tanh: {}}, sigmoid]", "layers: [relu, sigmoid]"),
    "the first in flow style": (RemoveItem("0"), "layers: [relu, tanh]", "layers: [tanh]"),
    "the last in flow style": (RemoveItem("1"), "layers: [relu, tanh ]", "layers: [relu ]"),
    "in flow style on several lines": (
        RemoveItem("1"),
        "layers: [\n  relu,  # first\n  tanh   # second\n]\n",
        "layers: [\n  relu,  # first\n]\n",
    ),
    "behind two dashes": (
        RemoveItem("0_1_0"),
        "layers:\n  - add:\n      branches:\n        - []\n        - - relu  # goes\n          - tanh  # stays\n",
        "layers:\n  - add:\n      branches:\n        - []\n        - - tanh  # stays\n",
    ),
    "all of a branch behind two dashes": (
        RemoveItem("0_1_0"),
        "layers:\n  - add:\n      branches:\n        - []\n        - - relu  # goes\n",
        "layers:\n  - add:\n      branches:\n        - []\n        - []\n",
    ),
    "all of a branch in block style": (
        RemoveItem("b.0"),
        "layers:\n  - add:\n      branches:\n        a: []\n        b:\n          - relu  # goes\n  - tanh\n",
        "layers:\n  - add:\n      branches:\n        a: []\n        b: []\n  - tanh\n",
    ),
    "all of a branch in flow style": (
        RemoveItem("b.0"),
        "layers: [{add: {branches: {a: [], b: [relu]}}}]",
        "layers: [{add: {branches: {a: [], b: []}}}]",
    ),
    "the only item of a branch": (
        RemoveItem("b"),
        "layers: [{add: {branches: {a: [], b: {relu: {}}}}}]",
        "layers: [{add: {branches: {a: [], b: []}}}]",
    ),
    "a head": (
        RemoveItem("aux"),
        "layers: [{relu: {id: a}}]\nheads: {aux: {tanh: {from: a}}, more: {relu: {from: a}}}\n",
        "layers: [{relu: {id: a}}]\nheads: {more: {relu: {from: a}}}\n",
    ),
    "the last head": (
        RemoveItem("aux"),
        "layers: [{relu: {id: a}}]\nheads:\n  aux:\n    - tanh: {from: a}\noutputs: {o: a}\n",
        "layers: [{relu: {id: a}}]\noutputs: {o: a}\n",
    ),
    "a repeat": (RemoveItem("r"), "layers:\n  - relu: {id: r, repeat: 3}\n  - tanh\n", "layers:\n  - tanh\n"),
}
HALVES = ({"kernel": "1x3", "padding": "0x1"}, {"kernel": "3x1", "padding": "1x0"})
SPLIT = {
    "in flow style": (
        SplitItem("0", "kernel", HALVES),
        "layers: [{conv: {kernel: 3, channels: 4, padding: 1}}, relu]",
        "layers: [{conv: {kernel: 1x3, channels: 4, padding: 0x1}},"
        " {conv: {kernel: 3x1, channels: 4, padding: 1x0}}, relu]",
    ),
    "with an id and what goes in and out": (
        SplitItem("c", "kernel", HALVES),
        "layers:\n  - conv: {id: c, from: x, kernel: 3, channels: 4, padding: 1, input: 8x8x4, output: 8x8x4}  # c\n",
        "layers:\n  - conv: {id: c_1, from: x, kernel: 1x3, channels: 4, padding: 0x1, input: 8x8x4}\n"
        "  - conv: {id: c, kernel: 3x1, channels: 4, padding: 1x0, output: 8x8x4}  # c\n",
    ),
    "in block style": (
        SplitItem("0", "kernel", HALVES),
        "layers:\n  - conv:\n      kernel: 3\n      from: x\n      channels: 4\n  - relu\n",
        "layers:\n  - conv:\n      kernel: 1x3\n      from: x\n      channels: 4\n      padding: 0x1\n"
        "  - conv:\n      kernel: 3x1\n      channels: 4\n      padding: 1x0\n  - relu\n",
    ),
    "in flow style on several lines": (
        SplitItem("0", "kernel", HALVES),
        "layers: [\n  {conv: {kernel: 3, channels: 4}},  # c\n]\n",
        "layers: [\n  {conv: {kernel: 1x3, channels: 4, padding: 0x1}},\n"
        "  {conv: {kernel: 3x1, channels: 4, padding: 1x0}},  # c\n]\n",
    ),
    "alone as a branch": (
        SplitItem("b", "kernel", HALVES),
        "layers: [{add: {branches: {a: [], b: {conv: {kernel: 3, channels: 4, padding: same}}}}}]",
        "layers: [{add: {branches: {a: [], b: [{conv: {kernel: 1x3, channels: 4, padding: 0x1}},"
        " {conv: {kernel: 3x1, channels: 4, padding: 1x0}}]}}}]",
    ),
    "with what goes between": (
        SplitItem("0", "kernel", HALVES, ("relu",)),
        "layers:\n  - conv: {kernel: 3, channels: 4}\n  - relu\n",
        "layers:\n  - conv: {kernel: 1x3, channels: 4, padding: 0x1}\n  - relu\n"
        "  - conv: {kernel: 3x1, channels: 4, padding: 1x0}\n  - relu\n",
    ),
    "alone as a branch, with what goes between": (
        SplitItem("b", "kernel", HALVES, ("relu",)),
        "layers:\n  - add:\n      branches:\n        a: []\n        b:\n          conv: {kernel: 3, channels: 4}\n",
        "layers:\n  - add:\n      branches:\n        a: []\n        b:\n"
        "          [{conv: {kernel: 1x3, channels: 4, padding: 0x1}}, relu,"
        " {conv: {kernel: 3x1, channels: 4, padding: 1x0}}]\n",
    ),
    "at the use of a block": (
        SplitItem("b.c", "kernel", HALVES, ("relu",)),
        "blocks: {cb: {params: {k: size, padding: 0},"
        " layers: [{conv: {id: c, kernel: $k, channels: 4, padding: $padding}}]}}\n"
        "layers:\n  - cb: {id: b, k: 3, padding: same}\n",
        "blocks: {cb: {params: {k: size, padding: 0},"
        " layers: [{conv: {id: c, kernel: $k, channels: 4, padding: $padding}}]}}\n"
        "layers:\n  - cb: {id: b_1, k: 1x3, padding: 0x1}\n  - cb: {id: b, k: 3x1, padding: 1x0}\n",
    ),
}
CONV = "conv: {kernel: 1, channels: 4}"
APPEND = {
    "empty": (
        AppendToBranch("0", 0, CONV),
        "layers: [{add: {branches: {a: [], b: [relu]}}}]",
        "layers: [{add: {branches: {a: [{conv: {kernel: 1, channels: 4}}], b: [relu]}}}]",
    ),
    "in flow style": (
        AppendToBranch("0", 1, CONV),
        "layers: [{add: {branches: {a: [], b: [relu ]}}}]",
        "layers: [{add: {branches: {a: [], b: [relu, {conv: {kernel: 1, channels: 4}} ]}}}]",
    ),
    "in block style": (
        AppendToBranch("j.join", 1, CONV),
        "layers:\n  - add:\n      id: j\n      branches:\n        a: []\n        b:\n          - relu  # c\n  - tanh\n",
        "layers:\n  - add:\n      id: j\n      branches:\n        a: []\n        b:\n          - relu  # c\n"
        "          - conv: {kernel: 1, channels: 4}\n  - tanh\n",
    ),
    "behind two dashes": (
        AppendToBranch("0", 1, CONV),
        "layers:\n  - add:\n      branches:\n        - []\n        - - relu  # c\n",
        "layers:\n  - add:\n      branches:\n        - []\n        - - relu  # c\n"
        "          - conv: {kernel: 1, channels: 4}\n",
    ),
    "of one item": (
        AppendToBranch("0", 0, CONV),
        "layers: [{add: {branches: {a: relu, b: []}}}]",
        "layers: [{add: {branches: {a: [relu, {conv: {kernel: 1, channels: 4}}], b: []}}}]",
    ),
    "of one item without braces": (
        AppendToBranch("0", 0, CONV),
        "layers:\n  - add:\n      branches:\n        - relu: {}  # c\n        - []\n",
        "layers:\n  - add:\n      branches:\n"
        "        - [{relu: {}}, {conv: {kernel: 1, channels: 4}}]  # c\n        - []\n",
    ),
    "with a source of its own": (
        AppendToBranch("0", 0, CONV),
        "layers: [{add: {branches: {a: {from: x, layers: [relu]}, b: []}}}]",
        "layers: [{add: {branches: {a: {from: x, layers: [relu, {conv: {kernel: 1, channels: 4}}]}, b: []}}}]",
    ),
}
CASES = [
    pytest.param(*case, id=f"{kind}: {name}")
    for kind, cases in (("set", SET), ("remove", REMOVE), ("split", SPLIT), ("append", APPEND))
    for name, case in cases.items()
]


@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("change", "text", "expected"), CASES)
def test_a_change_is_made_in_the_style_of_the_text(change: Change, text: str, expected: str, line_break: str) -> None:
    source = Source("spec.yaml", spec(text).text.replace("\n", line_break))
    assert changed(source, change) == spec(expected).text.replace("\n", line_break)


REFUSED = {
    "a value that is computed": (
        SetAttribute("b.0", "padding", "same"),
        "blocks: {b: {params: {k: 3}, layers: [{conv: {kernel: 3, channels: 4, padding: $(k // 2)}}]}}\n"
        "layers: [{b: {id: b}}]",
        "`padding` is computed: $(k // 2)",
    ),
    "a parameter of the spec": (
        SetAttribute("0", "padding", "same"),
        "params: {p: 1}\nlayers: [{conv: {kernel: 3, channels: 4, padding: $p}}]",
        "`p` is a parameter of the spec",
    ),
    "a value of each turn": (
        SetAttribute("r.0", "padding", "same"),
        "layers: [{conv: {id: r, kernel: 3, channels: 4, each: {padding: [0, 1]}}}]",
        "`padding` differs by turn",
    ),
    "an alias": (
        SetAttribute("1", "kernel", "1"),
        "layers: [{conv: {kernel: &k 3, channels: 4}}, {conv: {kernel: *k, channels: 4}}]",
        "`kernel` is written as an alias",
    ),
    "a repeat to split": (
        SplitItem("r.0", "kernel", HALVES),
        "layers: [{conv: {id: r, kernel: 3, channels: 4, padding: same, repeat: 2}}]",
        "its item has `repeat`",
    ),
    "an attribute of another item to split": (
        SplitItem("b.0", "kernel", HALVES),
        "blocks: {b: {params: {k: 3}, layers: [{conv: {kernel: $k, channels: 4, padding: same}}]}}\n"
        "layers: [{b: {id: b}}]",
        "`padding` is written at another item",
    ),
    "a branch that is not there": (
        AppendToBranch("0", 0, CONV),
        "params: {f: false}\nlayers: [{add: {branches: {a: {if: $f, layers: [relu]}, b: [], c: []}}}]",
        "not all of its inputs are branches",
    ),
}


@pytest.mark.parametrize(("change", "text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_written_as_such_is_left(change: Change, text: str, reason: str) -> None:
    with pytest.raises(CannotFixError) as error:
        changed(spec(text), change)
    assert str(error.value) == reason
