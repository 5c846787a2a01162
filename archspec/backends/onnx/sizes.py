"""Sizes while the network runs: sides over the symbols of the inputs as whole numbers that nodes compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archspec.backends.onnx.types import Tensor
from archspec.ir.dims import Dim, Floor, Size
from archspec.ir.types import TensorType

_Compute = Callable[[str, "list[Tensor]"], Tensor]
"""Adds a node of a kind with these inputs, all of them int64[1]."""


class RunningSizes:
    """Computes each size once, from where the inputs have its symbols."""

    def __init__(
        self,
        inputs: Mapping[str, TensorType],
        compute: _Compute,
        side_of: Callable[[str, int], Tensor],
        constant: Callable[[int], Tensor],
    ) -> None:
        self.compute = compute
        self.side_of = side_of
        self.constant = constant
        self.places: dict[str, tuple[str, int]] = {}
        """By symbol: an input, and the axis of it whose side is the symbol."""
        for name, given in inputs.items():
            for axis, side in enumerate(given.shape):
                if isinstance(side, Dim) and str(side) in side.symbols:
                    self.places.setdefault(str(side), (name, axis))
        self.known: dict[Size | Floor | str, Tensor] = {}

    def of(self, size: Size) -> Tensor:
        """A size, as int64[1].

        Raises:
            KeyError: it has a symbol that is no side of an input by itself.
        """
        if isinstance(size, int):
            return self.constant(size)
        if size not in self.known:
            self.known[size] = self._sum(size)
        return self.known[size]

    def _sum(self, dim: Dim) -> Tensor:
        total: Tensor | None = None
        for factors, count in dim.terms:
            parts = [self._atom(atom) for atom in factors]
            if count != 1 or not parts:
                parts.append(self.constant(count))
            term = parts[0]
            for part in parts[1:]:
                term = self.compute("Mul", [term, part])
            total = term if total is None else self.compute("Add", [total, term])
        assert total is not None, "a dim has terms"
        return total

    def _atom(self, atom: str | Floor) -> Tensor:
        if atom not in self.known:
            self.known[atom] = self._floor(atom) if isinstance(atom, Floor) else self.side_of(*self.places[atom])
        return self.known[atom]

    def _floor(self, atom: Floor) -> Tensor:
        """The floor of a quotient; `Div` goes towards 0, which is another number below it."""
        whole, by = self.of(atom.dim), self.constant(atom.by)
        rest = self.compute("Mod", [whole, by])
        return self.compute("Div", [self.compute("Sub", [whole, rest]), by])
