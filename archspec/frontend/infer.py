"""Infer: the type of every value, by each op's shape rule, in the order of the graph, which is topological.

An error poisons only the dims that it concerns. What depends on them goes on with the rest, is not reported again,
and is counted; a row that asserts its `input` resynchronises, so that one mistake is one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archspec.frontend import own_code
from archspec.frontend.assertions import check_assertion
from archspec.frontend.borrowed_weights import check_share, check_ties
from archspec.frontend.closures import settle
from archspec.frontend.index_bounds import check_index_bounds
from archspec.frontend.instances import Assertion, Expansion
from archspec.frontend.limits import Limits
from archspec.frontend.measured import Place, Sides, measured
from archspec.frontend.pool_indices import check_pool_indices
from archspec.frontend.shape_errors import report_doubt, report_failure, report_probe
from archspec.frontend.uses import make_op
from archspec.ir.conditions import Conditions, Prober, RuleStopped, follows
from archspec.ir.dims import UNKNOWN, DimTooLarge, Size, are_equal, symbol
from archspec.ir.graph import Deferred, Graph, Node, Scope, Value
from archspec.ir.held_weights import own_weights
from archspec.ir.op import Op, Probed, Weight
from archspec.ir.types import TensorType
from archspec.language.expression import ExpressionError
from archspec.language.schema import Item
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.span import Span


def infer(expansion: Expansion, found: Diagnostics, limits: Limits, prober: Prober | None = None) -> Graph:
    """The graph with `types`, `weights` and `conditions` of every node; what does not fit is reported.

    With a prober, ops without a shape rule are run, and each that is has a note that says so.
    """
    graph = Graph(expansion.name, expansion.root, expansion.inputs, expansion.outputs, title=expansion.root.title)
    graph.params = expansion.params
    _Inference(graph, expansion, found, limits.max_parameters, prober).run()
    return graph


class _Inference:
    def __init__(
        self, graph: Graph, expansion: Expansion, found: Diagnostics, max_parameters: int, prober: Prober | None
    ) -> None:
        self.prober = prober
        self.graph = graph
        self.expansion = expansion
        self.found = found
        self.max_parameters = self.parameters_left = max_parameters
        self.dims: dict[str, Size] = {}
        """What the symbols that blocks bind stand for, at this place."""
        self.settled: dict[tuple[type[Op], str], Op] = {}
        """The ops whose attributes depended on dims, by these: those of the turns of a repeat are the same."""
        self.sides = Sides(graph) if any(map(_is_measured, graph)) else None
        """Which sizes are sides of which values, where an attribute wants to know."""
        self.promises = [condition for given in graph.inputs.values() for condition in given.constraints]
        """What the inputs' `where` says of their sizes."""
        for given in graph.inputs.values():
            for axis, dim in enumerate(given.declared):
                if not isinstance(dim, int):
                    size = given.symbols.get(str(dim), symbol(str(dim)))
                    self._name(str(dim), size, Value(given.name), axis, str(dim))

    def run(self) -> None:
        self._check_inputs()
        self._scope(self.graph.root)
        check_index_bounds(self.graph, self.expansion, self.found)
        check_pool_indices(self.graph, self.expansion, self.found)
        self._check_outputs()

    def _check_inputs(self) -> None:
        """What is given is a tensor that there may be."""
        for given in self.graph.inputs.values():
            excess = given.type.excess
            if excess is not None:
                node = self.graph[given.name]
                node.types = ()
                self.found.error("dim-limit", f"`{given.name}` is {excess}", node.origin.span)

    def _check_outputs(self) -> None:
        """A module returns something in either phase."""
        if self.found.failed:
            return  # an output may be missing for that
        phases = {self.graph[output.value.node].phase for output in self.graph.outputs.values()}
        if len(phases) == 1 and None not in phases:
            (phase,) = phases
            other = "eval" if phase == "training" else "training"
            span = next(iter(self.graph.outputs.values())).span
            message = f"every output runs in {phase} only, so that in {other} mode the network returns nothing"
            self.found.error("nothing-to-return", message, span, help="name an output that runs in both phases")

    def _name(self, name: str, size: Size, value: Value, axis: int, written: str) -> None:
        """Let a symbol, which the spec calls `written`, stand for a side of a value from here on."""
        self.dims[name] = size
        if self.sides is not None:
            self.sides.places[name] = Place(value, axis, written)

    def _forget(self, name: str) -> None:
        """Let a symbol stand for nothing that is known: an error was reported about what has it."""
        self.dims[name] = UNKNOWN
        if self.sides is not None:
            self.sides.places.pop(name, None)

    def _scope(self, scope: Scope) -> None:
        before = dict(self.dims) if scope.signature else self.dims
        places = dict(self.sides.places) if scope.signature and self.sides is not None else None
        self._bind(scope)
        if scope.origin is not None:
            self.found.checked.append(scope.origin)
        for member in scope.members:
            asserted = self.expansion.assertions.get(member.path, ())
            self._assert(asserted, member.path, "input")
            if isinstance(member, Scope):
                self._scope(member)
            elif member.op is not None:
                self._node(member)
            self._assert(asserted, member.path, "output")
        self.dims = before
        if self.sides is not None and places is not None:
            self.sides.places = places

    def _bind(self, scope: Scope) -> None:
        """Give a block's symbols the dims of what it reads, and hold it to the dims that it declares."""
        bound: set[str] = set()
        written = self.expansion.dim_names.get(scope.path, {})
        for name, dims, value in scope.signature:
            kind = self.graph.type_of(value)
            if dims is None:
                continue
            if kind is None or kind.rank != len(dims):
                for dim in dims:
                    if isinstance(dim, str):
                        self._forget(dim)
                if kind is not None:
                    self._report_input(scope, f"`{name}` has {len(dims)} dims, but is given {kind}")
                continue
            for axis, (dim, size) in enumerate(zip(dims, kind.shape, strict=True)):
                if isinstance(dim, str) and dim not in bound:
                    bound.add(dim)
                    self._name(dim, size, value, axis, written.get(dim, dim))
                elif are_equal(self.dims[dim] if isinstance(dim, str) else dim, size) is False:
                    wanted = (
                        f"`{written.get(dim, dim)}` is {self.dims[dim]}"
                        if isinstance(dim, str)
                        else f"{dim} is declared"
                    )
                    self._report_input(scope, f"{wanted}, but `{name}` is given {kind}")

    def _report_input(self, scope: Scope, message: str) -> None:
        assert scope.origin is not None, "only a use of a block declares dims"
        item = self.expansion.items[scope.path]
        body = item.body or item.target
        declaration = next((given for given in body.inputs if given.dims_value is not None), None)
        labels = (
            (Label(declaration.dims_value.span, "declared here"),)
            if declaration is not None and declaration.dims_value
            else ()
        )
        self.found.error("shape-mismatch", message, scope.origin.span, labels=labels, origin=scope.origin)

    def _assert(self, asserted: Iterable[Assertion], path: str, side: str) -> None:
        for assertion in asserted:
            if assertion.side == side:
                check_assertion(assertion, path, self.graph, self.expansion, self.dims, self.found)

    def _node(self, node: Node) -> None:
        inputs = self.graph.input_types(node)
        if node.path in self.expansion.broken or inputs is None:
            self.found.dependent += node.path not in self.expansion.broken
            return
        op = node.op if isinstance(node.op, Op) else self._settle(node)
        if op is None:
            return
        if isinstance(node.op, Deferred):
            node.deferred = node.op
        node.op = op
        self.found.checked.append(node.origin)
        self._check_phase(node)
        self._report(node, self._infer_types(node, op, inputs))
        if node.op is not op:
            return
        if node.types and node.share is None:
            self._check_weights(node)
        if node.types and isinstance(op, Probed):
            report_probe(node, self.graph, self.expansion, self.found)
        if self.sides is not None:
            self.sides.add(node)

    def _infer_types(self, node: Node, op: Op, inputs: tuple[TensorType, ...]) -> Conditions:
        """Give a node its types and weights; what it demands of its inputs."""
        must = Conditions(self.prober)
        try:
            node.types = own_code.infer(op, must, inputs)
            if must.failures:
                node.types = tuple(map(_with_positive_sides, node.types))
            excess = next(filter(None, (kind.excess for kind in node.types)), None)
            if excess is not None:
                node.types = ()
                must.refuse("dim-limit", f"`{op.name}` gives {excess}")
            if not must.failures and not must.skipped:
                self._weigh(node, own_code.weights(op, inputs, node.types))
        except RuleStopped:
            pass
        except own_code.UnusableOpError as error:
            self._give_up(node, inputs, must, error)
        except DimTooLarge:
            must.fail(
                "dim-limit",
                f"the dims of `{op.name}` grow beyond what can be reasoned about",
                help="give the inputs nominal sizes, such as `H=224`",
            )
        node.conditions, node.training_conditions = tuple(must.pending), tuple(must.of_training)
        return must

    def _give_up(self, node: Node, inputs: Iterable[TensorType], must: Conditions, error: Exception) -> None:
        """Go on without an op whose own code fails, which is its fault unless its inputs are in error."""
        node.op = Deferred(None, {})
        if not all(kind.is_known for kind in inputs):
            must.skipped = True
        elif not must.failures:
            must.fail("unusable-op", str(error), help=own_code.REPAIR)

    def _report(self, node: Node, must: Conditions) -> None:
        """What a node demands and does not get, or gets at some sizes only."""
        for failure in must.failures:
            report_failure(failure, node, self.graph, self.expansion, self.found)
        for condition, doubt in must.doubts:
            if not follows(condition, self.promises):
                report_doubt(condition, doubt, node, self.graph, self.expansion, self.found)
        if must.skipped and not must.failures:
            self.found.dependent += 1
            self.found.checked.pop()

    def _weigh(self, node: Node, weights: Mapping[str, Weight]) -> None:
        if node.share is None:
            node.weights = weights
        else:
            check_share(node, weights, self.graph, self.found)

    def _settle(self, node: Node) -> Op | None:
        """The op of a node whose attributes depend on dims, now that these are known."""
        assert isinstance(node.op, Deferred), "only a deferred op is settled"
        if node.op.op is None:
            return None
        item = self.expansion.items[node.path]
        attributes: dict[str, Any] = {}
        for name, value in node.op.attributes.items():
            sizes = self.dims if self.sides is None or name not in measured(node.op.op) else self.sides.of(node)
            try:
                attributes[name] = settle(value, sizes)
            except ExpressionError as error:
                self.found.error(error.name, str(error), _span_of(item, name), help=error.help, origin=node.origin)
                return None
        unknown = next((name for name, value in attributes.items() if _has_unknown(value)), None)
        if unknown is not None:
            self._report_unknown(node, unknown)
            return None
        key = (node.op.op, repr(attributes))
        op = self.settled.get(key) or make_op(self, item, node.op.op, attributes, node.origin)
        if op is not None:
            self.settled[key] = op
        return op

    def _report_unknown(self, node: Node, name: str) -> None:
        """An attribute is made of sizes that are not known: after an error, or where nothing says what they are."""
        if self.found.failed:
            self.found.dependent += 1
            return
        item = self.expansion.items[node.path]
        self.found.error(
            "unknown-size",
            f"`{name}` follows sizes that no shape rule gives, so that it is not known at other sizes",
            _span_of(item, name),
            help="write numbers in their place; or give the op before it, which has no shape rule, a method `infer`",
            origin=node.origin,
        )

    def _check_phase(self, node: Node) -> None:
        """What runs in both phases, or in the other one, cannot read what is there in one phase only."""
        for value in node.inputs:
            source = self.graph[value.node]
            if source.phase is None or source.phase == node.phase:
                continue
            runs = f"runs in {source.phase} only"
            found = f"`{node.path}` runs in {node.phase or 'both phases'}, but reads `{source.path}`, which {runs}"
            help_text = f"give it `when: {source.phase}` too, or let it read something else"
            labels = (Label(source.origin.span, runs),)
            span = self.expansion.items[node.path].span
            self.found.error("phase-leak", found, span, labels=labels, help=help_text, origin=node.origin)
            return

    def _check_weights(self, node: Node) -> None:
        if not (node.weights or node.init or node.ties):
            return
        size = sum(weight.elements for weight in own_weights(node))
        item = self.expansion.items[node.path]
        if 0 <= self.parameters_left < size:
            self.found.error(
                "too-many-parameters",
                f"with {size:,} numbers in this `{node.resolved.name}` there are more than {self.max_parameters:,} "
                "parameters and numbers in buffers",
                item.span,
                help="look at its attributes and its input; `--limit parameters=...` raises the limit",
                origin=node.origin,
            )
            self.parameters_left = -1
        self.parameters_left -= size if self.parameters_left >= size else 0
        if node.init:
            from archspec.frontend.initializers import by_weight_of, check_init  # most specs have none

            node.init = by_weight_of(node, node.init)
            check_init(node, item, self.found)
            node.init = {name: initializer for name, initializer in node.init.items() if name in node.weights}
        if node.ties:
            check_ties(node, item.entries["tie"].value, self.graph, self.found)
        if self.expansion.hidden and node.weights:
            self._check_named(node)

    def _check_named(self, node: Node) -> None:
        """Weights need a path that the file spells out: an unnamed branch gives none."""
        path = node.path
        while path:
            if path in self.expansion.hidden:
                origin = self.expansion.hidden[path]
                name = self.expansion.items[path].name
                self.found.error(
                    "unnamed-weights",
                    f"this `{name}` has weights, but stands in an unnamed branch and has no `id`",
                    origin.span,
                    help="give it an `id`, or name the branch",
                    origin=origin,
                )
                return
            path = path.rpartition(".")[0]


def _is_measured(node: Node) -> bool:
    return isinstance(node.op, Deferred) and node.op.op is not None and bool(measured(node.op.op))


def _with_positive_sides(kind: TensorType) -> TensorType:
    """The type that a rule gives after a failure, without the sides that no tensor has."""
    return kind.with_shape(*(UNKNOWN if isinstance(side, int) and side < 1 else side for side in kind.shape))


def _span_of(item: Item, name: str) -> Span:
    """Where an attribute is written; the item where it is not."""
    argument = item.arguments.get(name)
    return argument.entry.value.span if argument is not None and argument.entry else item.span


def _has_unknown(value: Any) -> bool:
    return any(map(_has_unknown, value)) if isinstance(value, list | tuple) else value is UNKNOWN
