"""The parts of a recipe that have kinds, as written in a spec: losses, optimisers, schedules, averages.

A part is written by the name of its kind alone (`cosine`), or as `{sgd: {lr: 0.1}}`, with what does not belong to one
kind alone beside it: `{cosine: {}, warmup: 5 epochs}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from archspec.frontend.settled import expression_of, is_broken
from archspec.language.validate import did_you_mean, one_of, shown, validate
from archspec.language.values import Entry, Scalar, Sequence, Value
from archspec.language.values import Mapping as MappingValue
from archspec.recipe.averaging import AVERAGES, Averaging
from archspec.recipe.group import Group
from archspec.recipe.loss import LOSSES, Loss
from archspec.recipe.optimizer import OPTIMIZERS, Optimizer
from archspec.recipe.part import Part
from archspec.recipe.schedule import SCHEDULES, Schedule, Warmup
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P", bound=Part)
Reader = Callable[[Value, Diagnostics], Any]
"""Makes of what is written what a setting holds; None after reporting what is wrong."""


@dataclass(frozen=True, slots=True)
class Family(Generic[P]):
    """One part of a recipe: what it may be."""

    unknown: str
    """The diagnostic for a kind that there is not."""
    noun: str
    a: str
    """The noun with its article."""
    kinds: Mapping[str, type[P]]
    other_names: Mapping[str, str] = field(default_factory=dict)
    """What kinds are called elsewhere."""
    readers: Mapping[str, Reader] = field(default_factory=dict)
    """Settings that hold settings of their own."""

    @property
    def beside(self) -> tuple[str, ...]:
        """The settings that stand beside the name of any kind."""
        return next(iter(self.kinds.values())).beside


def read_part(value: Value, family: Family[P], found: Diagnostics) -> P | None:
    """The part that a value describes; None after reporting why it describes none."""
    use = _named(value, family, found)
    if use is None:
        return None
    name, place, settings, beside = use
    kind = family.kinds.get(name)
    if kind is None:
        meant = family.other_names.get(name.lower())
        known = f"it is called `{meant}` here" if meant else did_you_mean(name, family.kinds)
        help_text = known or one_of(list(family.kinds), f"{family.noun}s")
        found.error(family.unknown, f"there is no {family.noun} {shown(name)}", place, help=help_text)
        return None
    owner = f"{family.noun} `{name}`"
    if settings is not None and not isinstance(settings, MappingValue):
        if not is_broken(settings):
            message = f"`{name}` is {shown(settings.plain)}; expected a mapping of its attributes"
            help_text = one_of([key for key in kind.model_fields if key not in family.beside], "they are")
            found.error("wrong-value", message, settings.span, help=help_text)
        return None
    inside = dict(settings.entries) if settings is not None else {}
    for key in [key for key in inside if key in family.beside]:
        message, help_text = f"{owner} has no attribute `{key}`", f"write it beside: `{{{name}: {{...}}, {key}: ...}}`"
        found.error("unknown-attribute", message, inside.pop(key).span, help=help_text)
    return read_model(kind, inside | beside, found, owner, place, family.readers)


def read_model(
    model: type[M],
    entries: Mapping[str, Entry],
    found: Diagnostics,
    owner: str,
    span: Span,
    readers: Mapping[str, Reader],
    noun: str = "attribute",
) -> M | None:
    """The model made of what is written; None after reporting what is wrong with it."""
    values: dict[str, Any] = {}
    later: set[str] = set()
    for key, entry in entries.items():
        read = readers.get(key)
        if (read is None or isinstance(entry.value, Scalar)) and is_broken(entry.value):
            later.add(key)
        elif read is None:
            values[key] = entry.value.plain
        elif (made := read(entry.value, found)) is None:
            later.add(key)
        else:
            values[key] = made
    evaluated = {key: text for key in values if (text := expression_of(entries[key].value)) is not None}
    made_of = validate(
        model, values, entries, found, owner=owner, span=span, noun=noun, later=later, evaluated=evaluated
    )
    return made_of if not later else None


def _named(
    value: Value, family: Family[Any], found: Diagnostics
) -> tuple[str, Span, Value | None, dict[str, Entry]] | None:
    """The name of a kind, its place, the settings inside of it, and those beside it."""
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value.value, value.span, None, {}
    example = next(iter(family.kinds))
    if not isinstance(value, MappingValue):
        if not is_broken(value):
            help_text = f"write its name, or `{{{example}: {{...}}}}`"
            found.error("wrong-value", f"{shown(value.plain)} is no {family.noun}", value.span, help=help_text)
        return None
    beside = {key: entry for key, entry in value.entries.items() if key in family.beside}
    names = [entry for key, entry in value.entries.items() if key not in beside]
    known = [entry for entry in names if entry.key in family.kinds] or names[:1]
    if not known:
        help_text = one_of(list(family.kinds), f"{family.noun}s")
        found.error("wrong-value", f"this names no {family.noun}", value.span, help=help_text)
        return None
    for entry in known[1:]:
        message = f"this is {family.a}, `{known[0].key}`, and cannot be `{entry.key}` too"
        found.error("wrong-value", message, entry.span, help="one of the two")
    for entry in names:
        if entry not in known:
            help_text = did_you_mean(entry.key, family.beside) or f"attributes of `{known[0].key}` stand inside of it"
            found.error("unknown-key", f"{family.a} has no key `{entry.key}`", entry.span, help=help_text)
    use = known[0]
    bare = isinstance(use.value, Scalar) and use.value.value is None
    return use.key, use.span, None if bare else use.value, beside


def _read_groups(value: Value, found: Diagnostics) -> Any:
    """The groups of an optimiser; what is no list is left to the check of the attribute."""
    if not isinstance(value, Sequence):
        return value.plain
    groups = [_read_group(item, found) for item in value.items]
    return groups if None not in groups else None


def _read_group(value: Value, found: Diagnostics) -> Group | None:
    if not isinstance(value, MappingValue):
        if not is_broken(value):
            message, help_text = f"{shown(value.plain)} is no group", "for example `{of: biases, weight_decay: 0}`"
            found.error("wrong-value", message, value.span, help=help_text)
        return None
    if not value.entries.keys() & {"of", "under"}:
        help_text = "`of: norms` says of which kind, `under: stem` where"
        found.error("missing-attribute", "a group needs `of` or `under`", value.span, help=help_text)
        return None
    return read_model(Group, value.entries, found, "a group", value.span, {})


def _read_warmup(value: Value, found: Diagnostics) -> Any:
    if isinstance(value, MappingValue):
        return read_model(Warmup, value.entries, found, "`warmup`", value.span, {})
    try:
        return Warmup.model_validate({Warmup.shorthand: value.plain})
    except ValueError:
        return value.plain


LOSS: Final[Family[Loss]] = Family(
    "unknown-loss",
    "loss",
    "a loss",
    LOSSES,
    {
        "bce": "binary_cross_entropy", "sigmoid_cross_entropy": "binary_cross_entropy", "softmax": "cross_entropy",
        "softmax_cross_entropy": "cross_entropy", "negative_log_likelihood": "nll", "mean_squared_error": "mse",
        "l2": "mse", "mean_absolute_error": "l1", "mae": "l1",
    },
)  # fmt: skip
OPTIMIZER: Final[Family[Optimizer]] = Family(
    "unknown-optimizer",
    "optimiser",
    "an optimiser",
    OPTIMIZERS,
    {"momentum": "sgd", "nesterov": "sgd"},
    {"groups": _read_groups},
)
SCHEDULE: Final[Family[Schedule]] = Family(
    "unknown-schedule",
    "schedule",
    "a schedule",
    SCHEDULES,
    {"linear": "polynomial", "poly": "polynomial", "multi_step": "step", "multistep": "step"},
    {"warmup": _read_warmup},
)
AVERAGING: Final[Family[Averaging]] = Family(
    "unknown-average", "average", "an average", AVERAGES, {"exponential_moving_average": "ema", "swa": "polyak"}
)
