"""Build: the modules of a plan, with their weights."""

from __future__ import annotations

import torch
from torch import nn

from archspec.analysis.shares import tied_node
from archspec.backends.constants import hold, tensor_of
from archspec.backends.draws import Draws
from archspec.backends.initialize import initialize, skip_torch_defaults
from archspec.backends.plan import OWNER, Plan
from archspec.backends.program import constant, resolve
from archspec.backends.scope_module import ScopeModule, make_scope
from archspec.ir.graph import Node, Scope
from archspec.ir.op import Weight


class Builder:
    """Makes the module of a graph: first what owns weights, in the order of registration, then what uses others'."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.modules: dict[str, nn.Module] = {}
        """The module of every scope, by path."""
        self.borrowers: list[Node | Scope] = []
        self.draws = Draws()

    def build(self) -> ScopeModule:
        """The module of the whole network."""
        with self.draws:
            root = self._scope(self.plan.graph.root)
            while self.borrowers:
                self._borrow(self.borrowers.pop(0))
            for node in self.plan.graph.operations():
                for name, key in node.ties.items():
                    self._tie(root, _join(node.path, name), key)
        return root

    def _scope(self, scope: Scope, *, borrowing: bool = False) -> ScopeModule:
        module = make_scope(self.plan.structure(scope, borrowing=borrowing))
        self.modules[scope.path] = module
        for member in scope.registration_order():
            if borrowing or member.share is not None:
                self.borrowers.append(member)
            elif isinstance(member, Scope):
                _place(*_container(module, member.name), self._scope(member))
            elif member.op is not None:
                self._node(module, member)
        return module

    def _node(self, scope: nn.Module, node: Node) -> None:
        redrawn = _redrawn(node)
        for step in self.plan.steps(node):
            if step.kind == "module":
                settings = {name: constant(value) for name, value in step.settings.items()}
                holder, name = _container(scope, _join(node.name, step.name))
                with skip_torch_defaults(redrawn):
                    made = resolve(step.target)(**settings)
                _place(holder, name, made)
            elif step.kind == "weight":
                key, weight = _join(node.name, step.name), node.weights[step.name]
                _register(*_container(scope, key), weight)
                if weight.kind == "constant":
                    hold(scope, key, weight)
        for name, how in node.init.items():
            if name not in node.ties:
                holder, leaf = _container(scope, _join(node.name, name))
                initialize(getattr(holder, leaf), how, self.draws)

    def _borrow(self, member: Node | Scope) -> None:
        """Let a scope reach what it shares outside of its `_modules`: keys and weights stay with their owner."""
        if isinstance(member, Scope):
            assert member.parent is not None
            holder, name = _container(self.modules[member.parent.path], member.name)
            owner = self.plan.scopes.get(self.plan.owners[member.path])
            if owner is not None and self.plan.run_alike(member, owner):
                holder.__dict__[name] = self.modules[member.path] = self.modules[owner.path]
            else:  # other taps, say: a module of its own around the owner's
                holder.add_module(name, self._scope(member, borrowing=True))
            return
        kinds = {(step.kind, step.name) for step in self.plan.steps(member)}
        holder, name = _container(self.modules[member.scope.path], member.name)
        owner_node = self.plan.graph[self.plan.owners[member.path]]
        owner_holder, owner_name = _container(self.modules[owner_node.scope.path], owner_node.name)
        if ("weight", "") in kinds:
            holder.__dict__[OWNER + name] = owner_holder
        elif any(kind in ("module", "weight") for kind, _ in kinds):
            holder.__dict__[name] = owner_holder.get_submodule(owner_name)

    def _tie(self, root: nn.Module, key: str, target: str) -> None:
        holder, name = _container(root, key)
        owner, weight = _container(root, self._last_tie(target))
        holder.register_parameter(name, getattr(owner, weight))

    def _last_tie(self, key: str) -> str:
        """The key at the end of a chain of ties."""
        while True:
            node = tied_node(self.plan.graph, key)
            name = key[len(node.path) + 1 :]
            if name not in node.ties:
                return key
            key = node.ties[name]


def _redrawn(node: Node) -> set[tuple[int, ...]]:
    """The shapes of which nothing is kept that torch would draw for a node."""
    kept, gone = set[tuple[int, ...]](), set[tuple[int, ...]]()
    for name, weight in node.weights.items():
        if weight.kind == "parameter":
            (gone if name in node.init or name in node.ties else kept).add(weight.shape)
    return gone - kept


def _register(holder: nn.Module, name: str, weight: Weight) -> None:
    """Make a weight that no torch module made. One of float32 is of torch's default dtype, as those of modules are."""
    if getattr(holder, name, None) is not None:
        return
    dtype = torch.get_default_dtype() if weight.dtype == "float32" else getattr(torch, weight.dtype)
    tensor = tensor_of(weight, dtype)
    if weight.kind == "parameter":
        holder.register_parameter(name, nn.Parameter(tensor))
    else:
        holder.register_buffer(name, tensor, persistent=weight.kind == "buffer")


def _container(module: nn.Module, path: str) -> tuple[nn.Module, str]:
    """The module that holds what a path leads to, made of plain modules where there is none, and the last name."""
    *parts, name = path.split(".")
    for part in parts:
        found = getattr(module, part, None)
        if found is None:
            found = nn.Module()
            module.add_module(part, found)
        module = found
    return module, name


def _place(holder: nn.Module, name: str, module: nn.Module) -> None:
    """Register a module, with what a path that leads through its name (`a.b` before `a`) has put there already."""
    earlier = holder._modules.get(name)
    holder.add_module(name, module)
    if earlier is not None:
        _adopt(module, earlier)


def _adopt(module: nn.Module, container: nn.Module) -> None:
    """Take over all that a plain container holds."""
    for name, parameter in container.named_parameters(recurse=False):
        module.register_parameter(name, parameter)
    for name, buffer in container.named_buffers(recurse=False):
        module.register_buffer(name, buffer, persistent=name not in container._non_persistent_buffers_set)
    for name, child in container.named_children():
        own = module._modules.get(name)
        if own is None or type(own) is nn.Module:
            module.add_module(name, child)
        if own is not None:
            _adopt(*((child, own) if type(own) is nn.Module else (own, child)))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if name else path
