"""Builder: the same graph made by a program instead of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

from archspec.frontend.canonical import text_of
from archspec.frontend.infer import infer
from archspec.frontend.instances import Expansion, Frame, Names
from archspec.frontend.interface import file_inputs
from archspec.frontend.limits import Limits
from archspec.frontend.reserved_ids import output_refusal, refusal
from archspec.frontend.targets import find_target
from archspec.frontend.uses import make_op
from archspec.ir.graph import Deferred, Graph, GraphOutput, Node, Phase, Scope, Value
from archspec.ir.op import Op
from archspec.language.fields import is_name
from archspec.language.keys import SpecKeys
from archspec.language.schema import Argument, Body, Document, InputDeclaration, Item
from archspec.language.values import Entry, Scalar
from archspec.language.values import Mapping as MappingValue
from archspec.source.diagnostic import Diagnostics
from archspec.source.origin import Origin
from archspec.source.span import Source, Span


class Builder:
    """Builds a graph call by call; `graph()` infers all types and raises `SpecError` with every mistake.

    Every call is also a row of text, so that the frames of diagnostics show what the program asked for.

    Example:
        >>> build = Builder("tiny", inputs={"image": ["N", 3, 32, 32]})
        >>> hidden = build.use("conv", build["image"], id="conv1", channels=8, kernel=3)
        >>> with build.scope("head"):
        ...     pooled = build.use("flatten", build.use("global_avg_pool", build.use("relu", hidden)))
        ...     logits = build.use("linear", pooled, id="fc", features=10)
        >>> graph = build.output("logits", logits).graph()
        >>> str(graph.type_of(graph.outputs["logits"].value))
        '[N, 10]'
    """

    def __init__(
        self, name: str, inputs: Mapping[str, Sequence[int | str]], *, dtypes: Mapping[str, str] | None = None
    ) -> None:
        """Begin a network.

        Args:
            name: what it is called.
            inputs: its inputs by name, each with its dims: numbers, symbols, or `"H=299"` (a nominal size).
            dtypes: the dtypes of inputs that are not float32, by name.
        """
        self.found = Diagnostics()
        self._source = Source(f"<{name}>", "")
        self._expansion = Expansion(name)
        self._scope = self._expansion.root
        self._outputs: dict[str, GraphOutput] = {}
        span = self._row(f"name: {text_of(name)}")
        document = Document(self._source, MappingValue(self._source, 0, 0, {}), SpecKeys(archspec=1))
        self._body = Body(name, span, document, is_file=True)
        for given, dims in inputs.items():
            row = self._row(f"inputs: {text_of({given: list(dims)})}")
            self._body.inputs.append(
                InputDeclaration(given, tuple(dims), row, dtype=(dtypes or {}).get(given, "float32"))
            )
        names = Names(None)
        self._expansion.inputs = file_inputs(
            self._body, Frame(self._body, {}, {}, None, None), self._scope, names, self.found
        )
        for member in self._scope.members:
            if isinstance(member, Node):
                self._expansion.nodes[member.path] = member

    def __getitem__(self, name: str) -> Value:
        """The input called `name`; KeyError when there is none."""
        if name not in {given.name for given in self._expansion.inputs}:
            raise KeyError(name)
        return Value(name)

    def use(
        self, op: str, *inputs: Value | str, id: str | None = None, when: Phase | None = None, **attributes: Any
    ) -> Value:
        """Add a node.

        Args:
            op: the name of an op.
            inputs: what it reads: values that `use` gave, or inputs (`builder["image"]`, or `"image"` for short).
            id: its name in the scope at hand; by default its position there, as `torch.nn.Sequential` counts.
            when: the only phase it runs in; by default both.
            attributes: the attributes of the op.

        Returns:
            Its first output; `port` gives the others.

        Raises:
            KeyError: there is no input of a name that is given.
            ValueError: the id is taken, or cannot be one.
        """
        name = id if id is not None else str(self._position())
        path = self._claim(name)
        read = tuple(self[given] if isinstance(given, str) else given for given in inputs)
        item = self._item(op, name, read, attributes)
        origin = Origin(item.span, path)
        op_class = find_target(op, item.span, self.found, origin=origin)
        made: Op | None = None
        if isinstance(op_class, type):
            made = make_op(self, item, op_class, attributes, origin)
            if len(inputs) != len(op_class.inputs) and not (op_class.variadic and inputs):
                message = f"`{op}` takes {len(op_class.inputs)} inputs, but is given {len(inputs)}"
                self.found.error("wrong-input-count", message, item.span, origin=origin)
                made = None
        node = Node(path, made or Deferred(None, {}), read, self._scope, origin, when or self._scope.phase)
        if made is None:
            self._expansion.broken.add(path)
        self._scope.members.append(node)
        self._expansion.nodes[path] = node
        self._expansion.items[path] = item
        return Value(path)

    def _position(self) -> int:
        """How many items the scope at hand has; the inputs of the network stand in it, but are none."""
        members = len(self._scope.members)
        return members - len(self._expansion.inputs) if self._scope is self._expansion.root else members

    @contextmanager
    def scope(self, id: str, *, block: str | None = None, when: Phase | None = None) -> Iterator[None]:
        """Group the nodes added while it is open: a submodule at this path, a box in figures.

        Args:
            id: its name in the scope at hand.
            block: what kind of block it is, for people: scopes of one kind are shown as one.
            when: the only phase its nodes run in; by default both.
        """
        path = self._claim(id)
        origin = Origin(self._row(f"- sequence: {text_of({'id': id})}"), path)
        outer = self._scope
        inner = Scope(path, "block" if block else "sequence", outer, origin, block, phase=when or outer.phase)
        outer.members.append(inner)
        self._scope = inner
        try:
            yield
        finally:
            self._scope = outer

    def port(self, value: Value, index: int) -> Value:
        """Another output of the node that gave a value."""
        return Value(value.node, index)

    def output(self, name: str, value: Value) -> Builder:
        """Name a value as an output of the network; returns the builder."""
        span = self._row(f"outputs: {text_of({name: value.node})}")
        reason = output_refusal(name) if is_name(name) else f"`{name}` cannot name an output"
        if reason:
            self.found.error("reserved-name", reason, span, help="choose another name")
        self._outputs[name] = GraphOutput(name, value, span)
        return self

    def graph(self) -> Graph:
        """The typed graph; raises `SpecError` with everything that is wrong."""
        if not self._outputs:
            self.found.error(
                "missing-key", "the network has no outputs", self._body.span, help="name one with `output`"
            )
        self.found.raise_if_failed()
        self._close_scopes()
        root = self._expansion.root
        root.outputs = tuple((output.name, output.value) for output in self._outputs.values())
        self._expansion.outputs = list(self._outputs.values())
        graph = infer(self._expansion, self.found, Limits())
        self.found.raise_if_failed()
        _name_dims(graph)
        return graph

    def _close_scopes(self) -> None:
        """A scope gives what is read outside of it; a block names all that, and what it reads."""
        read: dict[str, dict[Value, None]] = {}
        for node in self._expansion.nodes.values():
            for value in node.inputs:
                for scope in _scopes_between(self._expansion.nodes[value.node], node.scope):
                    read.setdefault(scope.path, {})[value] = None
        for output in self._outputs.values():
            for scope in _scopes_between(self._expansion.nodes[output.value.node], self._expansion.root):
                read.setdefault(scope.path, {})[output.value] = None
        for scope in self._expansion.root.scopes():
            values = list(read.get(scope.path, ()))
            scope.outputs = tuple(
                ("" if len(values) == 1 else f"out{index}", value) for index, value in enumerate(values)
            )
            if scope.kind == "block":
                taken = dict.fromkeys(
                    v
                    for node in scope.nodes()
                    for v in node.inputs
                    if scope in _scopes_between(node, self._expansion.nodes[v.node].scope)
                )
                names = ["in"] if len(taken) == 1 else [f"in{index}" for index in range(len(taken))]
                scope.signature = tuple((name, None, value) for name, value in zip(names, taken, strict=True))

    def _claim(self, name: str) -> str:
        path = f"{self._scope.path}.{name}" if self._scope.path else name
        reason = refusal(name) or (
            None if name.replace("_", "a").replace(".", "a").isalnum() else f"`{name}` cannot be an id"
        )
        if reason:
            raise ValueError(reason)
        if path in self._expansion.paths or path in self._expansion.nodes:
            raise ValueError(f"two items have the path `{path}`")
        self._expansion.paths[path] = Origin(self._body.span, path)
        return path

    def _item(self, op: str, name: str, inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Item:
        """The row that a call amounts to, with the place of everything in it."""
        sources = [value.node for value in inputs]
        start = len(self._source.text)
        text = f"- {op}: {{{', '.join([f'id: {text_of(name)}', *([f'from: {text_of(sources)}'] if sources else [])])}"
        arguments: dict[str, Argument] = {}
        for key, value in attributes.items():
            written = text_of(value)
            key_start = start + len(text) + 2
            scalar = Scalar(
                self._source, key_start + len(key) + 2, key_start + len(key) + 2 + len(written), None, written, False
            )
            arguments[key] = Argument(value, Entry(key, self._source, key_start, key_start + len(key), scalar))
            text += f", {key}: {written}"
        self._row(text + "}")
        return Item(
            op, Span(self._source, start + 2, start + 2 + len(op)), self._body.document, {}, arguments=arguments
        )

    def _row(self, text: str) -> Span:
        start = len(self._source.text)
        self._source.text += text + "\n"
        return Span(self._source, start, start + len(text))


def _name_dims(graph: Graph) -> None:
    """Blocks of several inputs declare the dims of each, as those of a spec do."""
    taken = {str(dim) for given in graph.inputs.values() for dim in given.declared}
    names = (name for name in map("d{}".format, count()) if name not in taken)
    for scope in graph.root.scopes():
        if len(scope.signature) > 1:
            types = [(name, graph.type_of(value), value) for name, _, value in scope.signature]
            scope.signature = tuple(
                (name, tuple(islice(names, kind.rank if kind else 0)), value) for name, kind, value in types
            )


def _scopes_between(source: Node, reader: Scope) -> Iterator[Scope]:
    """The scopes around a node that do not hold its reader, innermost first."""
    holders: set[Scope] = set()
    scope: Scope | None = reader
    while scope is not None:
        holders.add(scope)
        scope = scope.parent
    scope = source.scope
    while scope is not None and scope not in holders:
        yield scope
        scope = scope.parent
