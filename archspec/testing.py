"""Testing: what holds an op of one's own to torch.

    def test_maxout() -> None:
        archspec.testing.check_op(Maxout)

The ops of the catalogue are held to the same.
"""

from __future__ import annotations

from archspec.tools.op_contract import check_op

__all__ = ["check_op"]
