"""Drop identities: what gives back what it reads is taken out, so that others become neighbours.

Legal: the op says that it gives back its first input whatever that holds, at all sizes in eval mode (`does_nothing`,
or `noise`, which is of training alone), and it gives it back in the same type. A cast stays: in a module whose weights
are not float32, what is float32 by its type is not.
"""

from __future__ import annotations

from archspec.ir.graph import Node, Value
from archspec.ops.elementwise import Cast, Identity
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


def _rewrite(rewrite: Rewrite) -> int:
    idle = [node for node in rewrite.operations() if _is_idle(rewrite, node)]
    for node in idle:
        rewrite.supplant(Value(node.path), rewrite.nodes[node.path].inputs[0])
        rewrite.remove(node.path)
    return len(idle)


def _is_idle(rewrite: Rewrite, node: Node) -> bool:
    given = rewrite.input_types(node)
    if not given or node.types != given[:1] or isinstance(node.op, Cast):
        return False
    return type(node.op) is Identity or node.resolved.noise or bool(node.resolved.does_nothing(*given))


PASS = Pass("drop-identities", "takes out dropout and whatever gives back what it reads", _rewrite)
