"""The canonical form: the same grammar with nothing left implicit, printed from the graph.

Every item has its `id` and `from`, repeats are unrolled, attributes are explicit, and uses of blocks stay as
`sequence` items that carry `block`. Comments say where each item came from. Reading it gives the same graph again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from archspec.frontend.closures import Closure, DimName
from archspec.frontend.instances import prefixes
from archspec.ir.graph import Deferred, Graph, GraphInput, Node, Scope, Value
from archspec.ir.op import Op
from archspec.language.scalars import resolve
from archspec.source.origin import Origin
from archspec.source.sanitize import visible

_SAFE: Final = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_.]*\Z")


def print_canonical(graph: Graph) -> str:
    """The canonical form of an inferred graph, as YAML."""
    lines = ["archspec: 1", f"name: {_scalar(graph.name)}"]
    if graph.title:
        lines.append(f"title: {_scalar(graph.title)}")
    lines.append("inputs:")
    lines += [f"  {given.name}: {_input(given)}" for given in graph.inputs.values()]
    printer = _Printer(graph)
    members = list(printer.members(graph.root, "  "))
    lines += ["layers:", *members] if members else ["layers: []"]
    outputs = {name: printer.reference(output.value, graph.root) for name, output in graph.outputs.items()}
    lines.append(f"outputs: {_flow(outputs)}")
    if graph.severities:
        lines.append(f"checks: {_flow(dict(graph.severities))}")
    if graph.training is not None:
        lines += _training(graph.training)
    if graph.weight_maps:
        lines += ["weights:", *_weight_maps(graph)]
    return "\n".join(lines) + "\n"


class _Printer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._names: dict[Scope, set[str]] = {}
        """What can be named in a list, for the lists that something further out is read in."""

    def members(self, scope: Scope, indent: str) -> Iterator[str]:
        for member in scope.members:
            if isinstance(member, Scope):
                yield from self._scope(member, scope, indent)
            elif member.op is not None:
                yield from self._node(member, scope, indent)

    def _node(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        attributes = self._common(node, scope)
        if node.share is None:
            attributes |= _attributes(node)
            if node.ties:
                attributes["tie"] = {name: self._path(key, scope) for name, key in node.ties.items()}
            if node.init:
                attributes["init"] = {
                    name or "weight": _initializer(initializer) for name, initializer in node.init.items()
                }
        if allowed := _allowed(node, scope):
            attributes["allow"] = allowed
        name = node.resolved.name
        yield f"{indent}- {name}: {_flow(attributes)}{_provenance(node.origin)}"

    def _scope(self, scope: Scope, outer: Scope, indent: str) -> Iterator[str]:
        yield f"{indent}- sequence:{_provenance(scope.origin)}"
        inner = f"{indent}    "
        for key, value in self._header(scope, outer).items():
            yield f"{inner}{key}: {text_of(value)}"
        if scope.share is None:
            yield f"{inner}layers:"
            lines = list(self.members(scope, f"{inner}  "))
            yield from lines or [f"{inner}  []"]

    def _header(self, scope: Scope, outer: Scope) -> dict[str, Any]:
        header: dict[str, Any] = {"id": scope.name}
        if scope.share is not None:
            header["share"] = self._path(scope.share, outer)
        if scope.phase is not None and scope.phase != outer.phase:
            header["when"] = scope.phase
        if allowed := _allowed(scope, outer):
            header["allow"] = allowed
        if scope.name in outer.register_after:
            header["after"] = outer.register_after[scope.name]
        if scope.signature:
            header["from"] = _one_or_list([self.reference(value, outer) for _, _, value in scope.signature])
        elif len(scope.outputs) == 1 and scope not in _chain(self.graph[scope.outputs[0][1].node]):
            header["from"] = self.reference(scope.outputs[0][1], outer)  # it passes on what it reads
        if scope.share is not None:
            return header
        if scope.block is not None:
            header["block"] = scope.block
        if scope.title:
            header["title"] = scope.title
        return header | self._interface(scope)

    def _interface(self, scope: Scope) -> dict[str, Any]:
        interface: dict[str, Any] = {}
        if len(scope.signature) == 1 and scope.signature[0][0] == "in":
            if scope.signature[0][1] is not None:
                interface["in"] = list(scope.signature[0][1])
        elif scope.signature:
            interface["inputs"] = {name: list(dims or ()) for name, dims, _ in scope.signature}
        if scope.kind == "block" and (len(scope.outputs) > 1 or any(name for name, _ in scope.outputs)):
            interface["outputs"] = {name or "out": self.reference(value, scope) for name, value in scope.outputs}
        return interface

    def _common(self, node: Node, scope: Scope) -> dict[str, Any]:
        attributes: dict[str, Any] = {"id": node.name}
        if node.share is not None:
            attributes["share"] = self._path(node.share, scope)
        if node.inputs:
            attributes["from"] = _one_or_list([self.reference(value, scope) for value in node.inputs])
        if node.phase is not None and node.phase != scope.phase:
            attributes["when"] = node.phase
        if node.name in scope.register_after:
            attributes["after"] = scope.register_after[node.name]
        return attributes

    def reference(self, value: Value, scope: Scope) -> str:
        """How a value is named from a list: by its place in this list, in one further out, or as a block's input."""
        level: Scope | None = scope
        chain = _chain(self.graph[value.node])
        while level is not None:
            if level in chain:
                return self._seen(_below(self.graph, value, level, chain), scope, level)
            name = next((name for name, _, given in level.signature if given == value), None)
            if name is not None:
                return self._seen("in" if len(level.signature) == 1 else name, scope, level)
            assert level.kind != "block", f"{value} is not seen from {scope.path}"
            level = level.parent
        raise AssertionError(f"{value} is not seen from {scope.path}")

    def _path(self, path: str, scope: Scope) -> str:
        """An absolute path as it is written in a list of a scope: without what the two have in common."""
        level = scope
        while level.parent is not None and not path.startswith(f"{level.path}."):
            level = level.parent
        return self._seen(path[len(level.path) :].removeprefix("."), scope, level)

    def _seen(self, path: str, scope: Scope, level: Scope) -> str:
        """A path below `level` as it is written in a list of `scope`: with a `.` a list where a nearer one hides it."""
        out, hidden, at = 0, False, scope
        while at is not level:
            if at not in self._names:
                inputs = [name for name, _, _ in at.signature]
                self._names[at] = {*(member.name for member in at.members), *inputs, *(["in"] if inputs else [])}
            hidden = hidden or not self._names[at].isdisjoint(prefixes(path))
            assert at.parent is not None, f"{level.path} is not around {scope.path}"
            out, at = out + 1, at.parent
        return "." * out + path if hidden else path


def _below(graph: Graph, value: Value, level: Scope, chain: list[Scope]) -> str:
    """The path of a value below a scope that holds it, no longer than needed."""
    parts: list[str] = []
    for scope in chain[chain.index(level) + 1 :]:
        parts.append(scope.name)
        if [given for _, given in scope.outputs] == [value]:
            return ".".join(parts)
        port = next((name for name, given in scope.outputs if given == value and name), None)
        if scope.kind == "block" and port is not None:
            return ".".join([*parts, port])
    node = graph[value.node]
    parts.append(node.name)
    ports = node.resolved.output_names() if node.op is not None else ("",)
    return ".".join(parts) + (f".{ports[value.port]}" if len(ports) > 1 else "")


def _chain(node: Node) -> list[Scope]:
    """The scopes that a node is in, outermost first."""
    chain: list[Scope] = []
    scope: Scope | None = node.scope
    while scope is not None:
        chain.append(scope)
        scope = scope.parent
    return chain[::-1]


def _allowed(member: Node | Scope, outer: Scope) -> dict[str, str]:
    """The rules that are silenced on a member, beyond those that are where it stands."""
    return {name: given.reason for name, given in member.allow.items() if outer.allow.get(name) is not given}


def _attributes(node: Node) -> dict[str, Any]:
    given = node.deferred.attributes if isinstance(node.deferred, Deferred) else {}
    op: Op = node.resolved
    values = {name: getattr(op, name) for name in type(op).model_fields}
    deferred = {name: value for name, value in given.items() if _is_deferred(value)}
    return {name: value for name, value in {**values, **deferred}.items() if value is not None}


def _is_deferred(value: Any) -> bool:
    return any(map(_is_deferred, value)) if isinstance(value, list | tuple) else isinstance(value, Closure | DimName)


def _input(given: GraphInput) -> str:
    dims = [f"{dim}={given.symbols[str(dim)]}" if str(dim) in given.symbols else dim for dim in given.declared]
    if given.type.dtype == "float32" and given.below is None and not given.where:
        return _flow_list(dims)
    options: dict[str, Any] = {"shape": dims, "dtype": given.type.dtype}
    if given.below is not None:
        options["below"] = given.below
    if given.where:
        options["where"] = list(given.where)
    return _flow(options)


def _initializer(initializer: Any) -> dict[str, Any]:
    return {initializer.name: initializer.model_dump(exclude_none=True)}


def _training(training: Any) -> Iterator[str]:
    """A recipe, a part a line; what the spec does not say is not there."""
    given = {key: value for key, value in training if value is not None and value != {}}
    yield "training:" if given else "training: {}"
    for key, value in given.items():
        if key == "loss":
            yield "  loss:"
            yield from (
                f"    {output}: {text_of('none' if loss is None else _part(loss))}" for output, loss in value.items()
            )
        else:
            yield f"  {key}: {text_of(_part(value) if hasattr(value, 'name') else value)}"


def _part(part: Any) -> dict[str, Any]:
    """A loss, an optimiser, a schedule or an average: its settings by its name, and those that stand beside it."""
    settings = _settings(part)
    beside = {key: settings.pop(key) for key in part.beside if key in settings}
    return {part.name: settings, **beside}


def _settings(described: Any) -> Any:
    """What is set, as plain data; what a model holds may be models again."""
    if isinstance(described, tuple):
        return [_settings(item) for item in described]
    if not hasattr(described, "model_fields_set"):
        return described
    return {key: _settings(value) for key, value in described if value is not None and value != ()}


def _weight_maps(graph: Graph) -> Iterator[str]:
    """The key maps, a pattern a line."""
    for name, described in graph.weight_maps.items():
        yield f"  {_scalar(name)}:"
        for key, value in described.model_dump(exclude_defaults=True).items():
            if key == "keys":
                yield "    keys:"
                yield from (f"      {_scalar(pattern)}: {_scalar(leads_to)}" for pattern, leads_to in value.items())
            else:
                yield f"    {key}: {text_of(value)}"


def _provenance(origin: Origin | None) -> str:
    return f"  # {visible(origin.span.source.name)}:{origin.span.line}" if origin is not None else ""


def _one_or_list(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names


def _flow(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{_scalar(key)}: {text_of(value)}" for key, value in values.items()) + "}"


def _flow_list(values: list[Any]) -> str:
    return "[" + ", ".join(map(text_of, values)) + "]"


def text_of(value: Any) -> str:
    """Plain data as YAML on one line."""
    if isinstance(value, dict):
        return _flow(value)
    if isinstance(value, list | tuple):
        return _flow_list(list(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _scalar(str(value))


def _scalar(text: str) -> str:
    return text if _SAFE.match(text) and resolve(text) == text else json.dumps(text)
