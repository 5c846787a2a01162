"""One call of torch's `scaled_dot_product_attention`: what it demands, costs and holds, as torch runs it on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Kept
from archspec.ir.types import Shape, TensorType
from archspec.ops._joining import need_one_rank
from archspec.ops._shared import bytes_of


def need_axes(must: Conditions, inputs: Sequence[TensorType], *, least: int, op: str, what: str) -> None:
    """Demand equally many axes everywhere, and enough of them."""
    for port, given in enumerate(inputs):
        if given.rank < least:
            must.refuse("wrong-rank", f"{what} is needed here, but input {port + 1} is {given}", ports=(port,))
    need_one_rank(must, op, inputs)


@dataclass(frozen=True, slots=True)
class Attending:
    """A call: queries [..., heads, T, features], keys and values [..., heads, S, features]."""

    query: TensorType
    key: TensorType
    value: TensorType
    outer: Shape
    """What stands before T in the output."""
    mask: TensorType | None = None
    causal: bool = False
    strided: bool = False
    """Whether the heads of a place lie side by side in memory, as they do where one product made them."""

    @property
    def scores(self) -> TensorType:
        """A number for each pair of query and key."""
        return self.query.with_shape(*self.outer, self.query.shape[-2], self.key.shape[-2])

    @property
    def output(self) -> TensorType:
        """What it gives."""
        return self.query.with_shape(*self.outer, self.query.shape[-2], self.value.shape[-1])

    @property
    def shown(self) -> TensorType | None:
        """The mask that the kernel is given: that of the input, or one made of it and of the order."""
        if self.mask is None or not self.causal:
            return self.mask
        return self.mask.with_shape(*self.mask.shape[:-2], *self.scores.shape[-2:])

    @property
    def is_grouped(self) -> bool:
        """Whether several heads of queries share one of keys and values."""
        return self.query.shape[-3] != self.key.shape[-3]

    @property
    def macs(self) -> Size:
        """Every score is a product of features, and weighs a value; what a mask hides is computed too.

        Scores that all values of a batch go with are computed once.
        """
        sides = zip(self.query.shape[:-3], self.key.shape[:-3], strict=True)
        compared = (key if query == 1 else query for query, key in sides)
        products = product((*compared, *self.query.shape[-3:], self.key.shape[-2]))
        return products + self.scores.elements * self.value.shape[-1]

    def need_mask(self, must: Conditions, port: int, op: str) -> None:
        """Demand a mask, if there is one, that goes with the scores of every head, query and key."""
        mask, scores = self.mask, self.scores
        if mask is None:
            return
        if mask.dtype not in ("bool", scores.dtype):
            message = f"the mask of `{op}` is bool, or {scores.dtype} as the scores are, but it is {mask}"
            must.refuse("wrong-dtype", message, ports=(port,))
        message = f"the mask of `{op}` has to go with its scores, {scores}, but it is {mask}"
        if not 2 <= mask.rank <= scores.rank:
            must.refuse("wrong-rank", message, ports=(port,))
        for side, wanted in zip(mask.shape, scores.shape[-mask.rank :], strict=True):
            if side != 1:
                must.be_equal(side, wanted, message, ports=(port,), help="an axis of 1 goes with any other")

    def keeps(self, dropout: float) -> Kept:
        """What is kept for the backward pass, where a mask of numbers is taken to be learned."""
        learned = self.mask is not None and self.mask.dtype != "bool"
        order = self._order() if learned else 0  # where the gradient of the mask goes
        if not dropout and not learned and self.is_fused():
            return Kept((0, 1, 2), outputs=True, extra=self._statistics() + self._made_mask(causal=False))
        scores = bytes_of(self.scores.elements, self.query)
        noise = 0 if not dropout else bytes_of(1, self.query) if dropout == 1 else scores
        made = self._whole(self.query) + self._whole(self.key) + scores + noise + (scores if dropout else 0) + order
        is_copied = self.is_grouped or self._copy(self.value) != 0
        return Kept(() if is_copied else (2,), extra=made + (self._whole(self.value) if is_copied else 0))

    def peak(self) -> Size:
        """The most bytes that it holds beside its inputs in eval mode, the output included."""
        return self._joined() + max(self._order(), self._kernel_peak())

    def _kernel_peak(self) -> Size:
        """The most bytes that the call holds beside what it is given."""
        output, scores = bytes_of(self.output.elements, self.query), bytes_of(self.scores.elements, self.query)
        if self.is_fused():
            return output + self._statistics() + self._made_mask(causal=False)
        query, key = bytes_of(self.query.elements, self.query), self._repeated(self.key)
        held = query + self._made_mask(causal=self.causal)
        held += key + self._repeated(self.value) if self.is_grouped else 0
        first = key + self._copy(self.query) + self._copy(self.key) + scores
        return held + max(first, 2 * scores, scores + self._copy(self.value) + output)

    def is_fused(self) -> bool:
        """Whether one kernel does it all, which holds no scores."""
        batches = {given.shape[:-3] for given in (self.query, self.key, self.value)}
        equal = len(batches) == 1 and self.query.shape[-1] == self.value.shape[-1]
        return equal and self.query.rank <= 4 and (self.mask is None or self.mask.rank in (2, self.query.rank))

    def _statistics(self) -> Size:
        """What the kernel keeps of every softmax."""
        return product(self.scores.shape[:-1]) * (8 if self.query.dtype == "float64" else 4)

    def _made_mask(self, *, causal: bool) -> Size:
        """What is made of numbers where there is a mask of truth values."""
        shown = self.shown
        if causal and shown is None:
            return bytes_of(product(self.scores.shape[-2:]), self.query)
        return bytes_of(shown.elements if shown is not None and shown.dtype == "bool" else 0, self.query)

    def _joined(self) -> Size:
        """The bytes of the mask that is made of one and of the order."""
        shown = self.shown
        return bytes_of(shown.elements, shown) if shown is not None and self.causal else 0

    def _order(self) -> Size:
        """The bytes of the truth values that say which keys are later, where there is a mask besides."""
        return product(self.scores.shape[-2:]) if self.mask is not None and self.causal else 0

    def _repeated(self, given: TensorType) -> Size:
        """The bytes of an input once its heads are as many as those of the output."""
        return bytes_of(product((*given.shape[:-3], self.outer[-1], *given.shape[-2:])), given)

    def _whole(self, given: TensorType) -> Size:
        """The bytes of an input once it is repeated for all of the output."""
        return bytes_of(product((*self.outer, *given.shape[-2:])), given)

    def _copy(self, given: TensorType) -> Size:
        """The bytes of what a product of matrices lays out anew: what is spread over batches, or lies in strides."""
        in_strides = self.strided and given.shape[-3] == self.outer[-1] != 1 and product(self.outer[:-1]) != 1
        return self._whole(given) if in_strides or given.shape[:-3] != self.outer[:-1] else 0
