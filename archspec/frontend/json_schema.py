"""The JSON Schema that editors complete, hover and check specs with, made from the same models that the tool uses.

Made so that one mistake is one message: alternatives are told apart by type and by key, never by `anyOf`. What a
schema cannot know (which blocks there are, what an expression will give, shapes) is left to `archspec check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Protocol

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from archspec import ops
from archspec.frontend.recipe_parts import AVERAGING, LOSS, OPTIMIZER, SCHEDULE, Family
from archspec.ir.describe import attribute_docs
from archspec.ir.op import Op
from archspec.language.keys import PARAMETER_TYPES, BlockKeys, ItemKeys, SequenceKeys, SpecKeys, keys_of
from archspec.recipe.group import Group
from archspec.recipe.initializer import INITIALIZERS
from archspec.recipe.part import Part
from archspec.recipe.schedule import Warmup
from archspec.recipe.training import Training
from archspec.recipe.weights import WeightMap

_EXPRESSION: Final = r"^\$"
_NAMES: Final = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_ITEM: Final = {"$ref": "#/$defs/item"}
_ITEMS: Final = {"type": "array", "items": _ITEM}
_BRANCH: Final = {"$ref": "#/$defs/branch"}


class DescribedRule(Protocol):
    """What the schema needs to know of a rule."""

    name: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]]
    """Each has a `doc`."""


def build_schema(rules: Iterable[DescribedRule] = ()) -> dict[str, Any]:
    """The schema, as draft 2020-12, with `$defs` for items, branches, blocks and every op.

    Args:
        rules: those that `checks` and `allow` may name; without them any name will do.
    """
    listed = list(rules)
    schema = _without_rules()
    if listed:
        closed: dict[str, Any] = {"additionalProperties": False}
        schema["properties"]["checks"] |= closed | {"properties": {rule.name: _checks_of(rule) for rule in listed}}
        schema["$defs"]["key_allow"] |= closed | {"properties": {rule.name: _reason_for(rule) for rule in listed}}
    return schema


def _checks_of(rule: DescribedRule) -> dict[str, Any]:
    severity = {"enum": ["error", "warning", "note", "off"]}
    numbers = {
        name: {"type": "number", "minimum": 0, "description": setting.doc, "default": setting.default}
        for name, setting in rule.settings.items()
    }
    return {
        "description": _summary(rule),
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": severity,
        "else": {"properties": {"severity": severity, **numbers}, "additionalProperties": False},
    }


def _reason_for(rule: DescribedRule) -> dict[str, Any]:
    return {"description": _summary(rule), "type": "string", "minLength": 1}


def _summary(rule: DescribedRule) -> str:
    return (rule.__doc__ or "").partition("\n")[0]


def _without_rules() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archspec",
        "description": "A neural network's architecture as a graph spec.",
        "type": "object",
        "required": ["archspec"],
        "dependentRequired": {"layers": ["name"]},
        "additionalProperties": False,
        "properties": _properties(SpecKeys) | _SPEC_PARTS,
        "$defs": {
            "item": _item(),
            "branch": _branch(),
            "branches": {"type": ["array", "object"], "items": _BRANCH, "additionalProperties": _BRANCH},
            "block": _block(),
            "input": _input(),
            "parameter": _parameter(),
            "weight_map": _weight_map(),
            "training": _training(),
            "loss": _part(LOSS, "none"),
            "optimizer": _part(OPTIMIZER),
            "schedule": _part(SCHEDULE),
            "average": _part(AVERAGING),
            "sequence": _use(_properties(SequenceKeys) | _ITEM_PARTS | _BODY_PARTS),
            "use": {"type": "object", "properties": _item_keys()},
        }
        | {f"key_{key}": schema for key, schema in (_properties(ItemKeys) | _ITEM_PARTS).items()}
        | {f"op_{name}": _op(ops.find(name)) for name in ops.names()},
    }


def _item() -> dict[str, Any]:
    uses = {name: {"$ref": f"#/$defs/op_{name}"} for name in ops.names()}
    return {
        "description": "One row: an op or block with its attributes.",
        "type": ["string", "object"],
        "minLength": 1,
        "minProperties": 1,
        "maxProperties": 1,
        "if": {"type": "object", "maxProperties": 1},
        "then": {
            "properties": {"sequence": {"$ref": "#/$defs/sequence"}} | uses,
            "additionalProperties": {"$ref": "#/$defs/use"},
        },
    }


def _branch() -> dict[str, Any]:
    keys = {"from": _schema_of(ItemKeys.model_fields["from_"]), "if": _schema_of(ItemKeys.model_fields["if_"])}
    written_out = {"properties": keys | {"layers": _ITEMS}, "additionalProperties": False}
    return {
        "description": "A branch: a list of items, one item, or {from, if, layers}.",
        "type": ["array", "object", "string"],
        "items": _ITEM,
        "if": {"type": "object", "required": ["layers"]},
        "then": written_out,
        "else": {"if": {"type": "object"}, "then": _ITEM},
    }


def _block() -> dict[str, Any]:
    return _use(_properties(BlockKeys) | _BODY_PARTS | {"layers": _ITEMS}) | {"required": ["layers"]}


def _input() -> dict[str, Any]:
    dims = {"type": "array", "minItems": 1, "items": {"type": ["integer", "string"], "minimum": 1}}
    where = {"type": ["string", "array"], "items": {"type": "string"}}
    keys = {"shape": dims, "dtype": {"type": "string"}, "below": {"type": ["integer", "string"]}, "where": where}
    return dims | {
        "type": ["array", "object"],
        "properties": keys,
        "required": ["shape"],
        "additionalProperties": False,
    }


def _parameter() -> dict[str, Any]:
    words = ", ".join(PARAMETER_TYPES)
    return {"description": f"A type word ({words}), a default value, or {{type: ..., default: ...}}."}


def _weight_map() -> dict[str, Any]:
    """A key map; with `extends`, `null` removes one."""
    described = _use(_properties(WeightMap)) | {"type": ["object", "null"], "required": ["keys"]}
    return described | {"description": (WeightMap.__doc__ or "").strip()}


def _training() -> dict[str, Any]:
    """A recipe; with `extends`, `null` removes a part of it."""
    properties = {key: _or_expression(schema) for key, schema in _properties(Training).items()}
    properties["loss"] |= {"propertyNames": _NAMES, "additionalProperties": {"$ref": "#/$defs/loss"}}
    properties = {
        key: schema | {"type": [*_listed(schema.get("type", ())), "null"]} for key, schema in properties.items()
    }
    for key, name in {"optimizer": "optimizer", "schedule": "schedule", "averaging": "average"}.items():
        reference = {"if": {"not": {"type": "null"}}, "then": {"$ref": f"#/$defs/{name}"}}
        properties[key] = {"description": properties[key]["description"]} | reference
    return _use(properties) | {"description": (Training.__doc__ or "").strip()}


def _listed(kinds: str | Iterable[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _part(family: Family[Any], *words: str) -> dict[str, Any]:
    """The name of a kind, or the name with its settings, and what stands beside it."""
    names = [*family.kinds, *words]
    kinds = {name: _kind(kind) for name, kind in family.kinds.items()}
    any_kind = next(iter(family.kinds.values()))
    beside = {key: schema for key, schema in _settings(any_kind).items() if key in family.beside}
    if "warmup" in beside:
        beside["warmup"] |= {"properties": _settings(Warmup), "additionalProperties": False, "required": ["over"]}
    return {
        "type": ["string", "object"],
        "pattern": f"^({'|'.join(names)})$|{_EXPRESSION}",
        "properties": kinds | beside,
        "additionalProperties": False,
        "minProperties": 1,
    }


def _kind(kind: type[Part]) -> dict[str, Any]:
    settings = {key: schema for key, schema in _settings(kind).items() if key not in kind.beside}
    if "groups" in settings:
        group = _use(_settings(Group)) | {"description": (Group.__doc__ or "").strip()}
        settings["groups"] = settings["groups"] | {"items": group}
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    described = _use(settings) | {"description": (kind.__doc__ or "").strip().partition("\n")[0]}
    return described | ({"required": required} if required else {})


def _settings(model: type[BaseModel]) -> dict[str, Any]:
    """The settings of a model, each with its schema, its documentation and its default."""
    docs = attribute_docs(model)
    return {name: _attribute(field, docs.get(name, "")) for name, field in model.model_fields.items()}


def _op(op: type[Op] | None) -> dict[str, Any]:
    assert op is not None, "every name in the table is an op"
    properties = _settings(op)
    schema = _use(properties | _item_keys())
    schema["description"] = (op.__doc__ or "").strip().partition("\n")[0]
    if op.shorthand is not None:
        _allow_value(schema, properties[op.shorthand])
    return schema


def _allow_value(schema: dict[str, Any], value: dict[str, Any]) -> None:
    """Let a use also be written as the value of its one attribute with a shorthand."""
    kinds = value.get("type", ["number", "string", "boolean"])
    schema["type"] = ["object", *([kinds] if isinstance(kinds, str) else kinds)]
    schema |= {
        key: given for key, given in value.items() if key not in ("type", "description", "default", "properties")
    }


def _use(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _item_keys() -> dict[str, Any]:
    """The keys that every item may have, each written out once under `$defs`."""
    return {key: {"$ref": f"#/$defs/key_{key}"} for key in keys_of(ItemKeys)}


def _properties(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a model, each with its schema and documentation."""
    docs = attribute_docs(model)
    return {
        field.alias or name: {"description": docs.get(name, ""), **_schema_of(field)}
        for name, field in model.model_fields.items()
    }


def _schema_of(field: FieldInfo) -> dict[str, Any]:
    """What a field accepts: its annotation says so in one schema."""
    annotations = [*field.metadata, *_annotations_inside(field.annotation)]
    return dict(next((annotation.schema for annotation in annotations if hasattr(annotation, "schema")), {}))


def _annotations_inside(annotation: Any) -> list[Any]:
    """What annotates the kinds of an optional field: `Annotated[str, ...] | None`."""
    return [extra for kind in getattr(annotation, "__args__", ()) for extra in getattr(kind, "__metadata__", ())]


def _attribute(field: FieldInfo, doc: str) -> dict[str, Any]:
    schema = _or_expression(_schema_of(field))
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    described = {"description": doc} | schema
    return (
        described
        if default is None
        else described | {"default": list(default) if isinstance(default, tuple) else default}
    )


def _or_expression(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, or an expression: text that begins with `$`."""
    words = schema.pop("enum", None)
    if words is not None:
        return schema | {"type": "string", "pattern": f"^({'|'.join(map(re.escape, words))})$|{_EXPRESSION}"}
    if "type" not in schema:
        return schema
    kinds = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    pattern = schema.get("pattern")
    if "string" not in kinds:
        schema |= {"type": [*kinds, "string"], "pattern": _EXPRESSION}
    elif pattern is not None:
        schema["pattern"] = f"(?:{pattern})|{_EXPRESSION}"
    if isinstance(schema.get("items"), dict):
        schema["items"] = _or_expression(dict(schema["items"]))
    return schema


_INITIALIZER: Final = {
    "description": "An initialiser: its name, a number, or its name with settings: " + ", ".join(INITIALIZERS),
    "type": ["string", "number", "object"],
}
_ITEM_PARTS: Final[dict[str, Any]] = {
    "branches": {"description": "The branches that a joining op holds.", "$ref": "#/$defs/branches"},
    "layers": {"description": "The items of a sequence.", **_ITEMS},
    "init": {**_INITIALIZER, "description": "Initialisers of its weights."},
}
_BODY_PARTS: Final[dict[str, Any]] = {
    "inputs": {"type": "object", "propertyNames": _NAMES, "additionalProperties": {"$ref": "#/$defs/input"}},
    "params": {"type": "object", "propertyNames": _NAMES, "additionalProperties": {"$ref": "#/$defs/parameter"}},
    "heads": {"type": "object", "propertyNames": _NAMES, "additionalProperties": _BRANCH},
}
_NULLABLE_ITEM: Final = {"if": {"not": {"type": "null"}}, "then": _ITEM}
_SPEC_PARTS: Final[dict[str, Any]] = _BODY_PARTS | {
    "include": {"description": "Files whose blocks may be used here.", "type": "array", "items": {"type": "string"}},
    "blocks": {"type": "object", "propertyNames": _NAMES, "additionalProperties": {"$ref": "#/$defs/block"}},
    "layers": {
        "description": "The rows of the network; with `extends`, a mapping from the path of an item to its changes.",
        "type": ["array", "object"],
        "items": _ITEM,
        "additionalProperties": _NULLABLE_ITEM,
    },
    "training": {"$ref": "#/$defs/training"},
    "weights": {
        "type": "object",
        "propertyNames": _NAMES,
        "additionalProperties": {"$ref": "#/$defs/weight_map"},
    },
}
