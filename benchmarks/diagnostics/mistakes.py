"""The mistakes that are planted, and what has to be said of each: the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 35
"""Height and width of the input.

`b1` makes 64 channels of its 192, `b2b` 64 of the 48 that `b2a` makes of them, and `cat` joins `b1` and `b2b`.
"""


@dataclass(frozen=True)
class Mistake:
    """One row: what is wrong, and when it counts as said."""

    name: str
    title: str
    faults: tuple[frozenset[str], ...] = ()
    """For each thing that is wrong, the nodes of which any is a place to look; none where no node is concerned."""
    says: tuple[str, ...] = ()
    """The matter, without which a place helps little: regular expressions that all have to be found in what is said."""
    sides: tuple[int, ...] = (SIDE,)
    """The heights and widths at which it is run: two where the block is said to take any."""
    sound: bool = False
    """Whether it is no mistake at all, and has to be accepted."""


def at(*nodes: str) -> tuple[frozenset[str], ...]:
    """One thing is wrong, to be looked for at any of these nodes."""
    return (frozenset(nodes),)


MISTAKES = (
    Mistake("unknown-layer", "a layer that there is not", at("b2b"), ("cnov",)),
    Mistake("parameter-typo", "a misspelt parameter", at("b2b"), ("paddign",)),
    Mistake("missing-parameter", "a parameter left out", at("b2b", "cat"), ("kernel",)),
    Mistake("wrong-type", "text where a number belongs", at("b1"), (r"64|\bint|number",)),
    Mistake("unknown-key", "a misspelt key of the file", at("titel")),
    Mistake("unknown-input", "an input that there is not", at("cat", "b2c"), ("b2c",)),
    Mistake("cycle", "a cycle", at("b2a", "b2b"), (r"cycl|circular|\bloop|itself",)),
    Mistake("duplicate-name", "a name given twice", at("b2a"), (r"duplicate|twice|already|two |multiple|unique|same",)),
    Mistake(
        "dead-branch", "a branch that nothing reads", at("b2a", "b2b"), (r"unused|no output|no path|not reach|dead",)
    ),
    Mistake("wrong-channels", "told that it reads 64 channels, but 48 come", at("b2b"), ("48", "64")),
    Mistake("concat-mismatch", "a concat of 35x35 and 31x31", at("cat", "b2b"), ("35", "31")),
    Mistake("large-kernel", "a 99x99 kernel on 35x35", at("b2a"), ("99|-63",)),
    Mistake("rounded-up", "a pool that rounds up to 18 beside a 17", at("cat", "b2b"), ("17", "18")),
    Mistake("symbolic", "at any size, a branch that is smaller by 4", at("cat", "b2b"), ("- ?[45]",), sides=(SIDE, 39)),
    Mistake("groups", "5 groups of 48 channels", at("b2b"), ("group", "5|48")),
    Mistake("pool-padding", "a pool of 3 padded by 2", at("b2b"), ("pad", "half|kernel")),
    Mistake("same-stride", "padding `same` at a stride of 2", at("b2b"), ("same", "strid")),
    Mistake("zero-stride", "a stride of 0", at("b2b"), ("strid",)),
    Mistake("linear-features", "a linear layer told of 34x34", at("fc"), ("156800", "147968")),
    Mistake(
        "linear-any-size", "a linear layer behind any size", at("fc", "flat"), (r"size|dim|shape",), sides=(SIDE, 39)
    ),
    Mistake("training-head", "a head of training read in eval mode", at("cat", "aux"), ("train|phase",)),
    Mistake("code", "Python where an activation belongs", at("act"), ("__import__",)),
    Mistake("two-mistakes", "two mistakes at once", at("b2a") + at("cat", "b2c"), ("paddign", "b2c")),
    Mistake("oblong-kernel", "a 1x7 kernel, which is none", sound=True),
)
