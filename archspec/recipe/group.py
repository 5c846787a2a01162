"""Groups: parameters that an optimiser treats in their own way, told by their kind or by where they are."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict

from archspec.ir.attributes import Accepts, NonNegativeNumber
from archspec.ir.graph import Graph, Node
from archspec.recipe.part import OptionalAmount

KINDS: Final = ("biases", "norms")
"""`norms`: weights and biases of normalisation. `biases`: those of all other ops."""

MOST_PATHS: Final = 1000


def _kinds(value: Any) -> tuple[str, ...] | None:
    given = value if isinstance(value, list | tuple) else [value]
    return tuple(given) if given and all(kind in KINDS for kind in map(str, given)) else None


def _paths(value: Any) -> tuple[str, ...] | None:
    given = tuple(value if isinstance(value, list | tuple) else [value])[: MOST_PATHS + 1]
    texts = tuple(str(path) if isinstance(path, int) and not isinstance(path, bool) else path for path in given)
    return texts if 0 < len(texts) <= MOST_PATHS and all(isinstance(path, str) and path for path in texts) else None


Kinds: TypeAlias = Annotated[
    tuple[str, ...],
    Accepts(
        _kinds,
        "`biases`, `norms`, or a list of them",
        {"type": ["string", "array"], "pattern": f"^({'|'.join(KINDS)})$", "items": {"enum": list(KINDS)}},
    ),
]
Paths: TypeAlias = Annotated[
    tuple[str, ...],
    Accepts(
        _paths,
        "the path of a node or a scope, or a list of them (a thousand at most)",
        {
            "type": ["string", "integer", "array"],
            "items": {"type": ["string", "integer"]},
            "minItems": 1,
            "maxItems": MOST_PATHS,
        },
    ),
]


class Group(BaseModel):
    """Parameters with settings of their own: those of a kind, those below a path, or those of a kind below a path."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    of: Kinds = ()
    """The kinds of parameters: `norms` are the weights and biases of normalisation, `biases` those of all other ops."""
    under: Paths = ()
    """The nodes or scopes that they are in, each with all below it."""
    lr_factor: NonNegativeNumber = 1.0
    """The factor of the learning rate."""
    weight_decay: OptionalAmount = None
    """The weight decay; by default the optimiser's."""


def parameters(graph: Graph) -> Iterator[tuple[str, Node]]:
    """The key of every parameter with the node that it belongs to; what shares weights has none of its own."""
    for node in graph.operations():
        if node.share is None:
            for name, weight in node.weights.items():
                if weight.kind == "parameter":
                    yield f"{node.path}.{name}".removesuffix("."), node


def assign(groups: Sequence[Group], graph: Graph) -> dict[str, int | None]:
    """The index of the first group that each parameter fits, by its key; None for those that fit none."""
    by_path: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        for path in group.under or ("",):
            by_path.setdefault(path, []).append(index)
    return {key: _first(key, _kind(key, node), groups, by_path) for key, node in parameters(graph)}


def paths_of(graph: Graph) -> set[str]:
    """Every path that a group may name: of nodes, of scopes, and the beginnings of both."""
    members = [*(node.path for node in graph.operations()), *(scope.path for scope in graph.root.scopes())]
    return {beginning for path in members for beginning in _beginnings(path)}


def _first(key: str, kind: str, groups: Sequence[Group], by_path: dict[str, list[int]]) -> int | None:
    here = (index for path in ("", *_beginnings(key)) for index in by_path.get(path, ()))
    return min((index for index in here if not groups[index].of or kind in groups[index].of), default=None)


def _kind(key: str, node: Node) -> str:
    if node.resolved.category == "normalization":
        return "norms"
    return "biases" if key.rpartition(".")[2] == "bias" and key != node.path else ""


def _beginnings(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
