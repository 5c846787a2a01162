"""Which name in a file is which key of a model, and whether what stands there fits; nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

import torch
from torch import nn

from archspec.backends.dtypes import dtype_name
from archspec.language.validate import nearest
from archspec.recipe.weights import KeyMap, WeightMap
from archspec.tools.weights.fit import Target, fit, has_one_row_more, in_torch_order
from archspec.tools.weights.report import Misfit

Values: TypeAlias = dict[str, torch.Tensor | float]
"""What is to be written, by key: a tensor, or the number that all of one is."""
WRAPPERS: Final = ("module.", "_orig_mod.")
"""What data parallel and `torch.compile` put before every key."""
_MOST_COMPARED: Final = 24
"""For as many missing keys, the name that was most likely meant is looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants of the names and tensors in a file, and what is known of the model."""

    key_map: KeyMap | None
    layout: str
    classes: str
    keeps: Callable[[str], bool]
    """Whether a key stays as it is."""
    ignores: Callable[[str], bool]
    """Whether a name may be in the file though no key comes of it."""
    left_out: frozenset[str]
    """Keys of what the model was compiled without."""
    maps: Mapping[str, WeightMap]
    """The maps in the model's spec, one of which may be what is missing."""


def match(values: Mapping[str, Any], targets: Mapping[str, Target], wanted: Wanted) -> tuple[dict[str, Any], Values]:
    """The fields of a report, and what is to be written where they are fine."""
    names, aside = _sorted_names(values, targets, wanted)
    wrong: dict[str, list[Misfit]] = defaultdict(list)
    found: Values = {}
    trimmed = []
    for key, given in names.items():
        if len(given) > 1:
            reason = f"several names in the file lead here, such as `{given[0]}` and `{given[1]}`"
            wrong["ambiguous"].append(Misfit(key, key, reason))
            continue
        fitted = fit(targets[key], given[0], values[given[0]], layout=wanted.layout, classes=wanted.classes)
        if isinstance(fitted, Misfit):
            wrong[fitted.kind].append(fitted)
        else:
            found[key] = fitted.tensor
            trimmed += [key] if fitted.trimmed else []
    wrong["ambiguous"] += _differing_ties(found, targets)
    converted = {key: _dtypes(found[key], targets[key]) for key in found}
    matched = {key: names[key][0] for key in found}
    rest = _keys_without_names(found, names.keys() | set(aside["kept"]), targets, wanted)
    found |= rest["filled"]
    fields = rest | {kind: tuple(dict.fromkeys(given)) for kind, given in aside.items()}
    fields |= {"wrong_shape": tuple(wrong["shape"]), "wrong_type": tuple(wrong["type"])}
    fields |= {"ambiguous": tuple(wrong["ambiguous"]), "matched": matched, "trimmed": tuple(trimmed)}
    fields["converted"] = {key: both for key, both in converted.items() if both[0] != both[1]}
    fields["nearest"] = _nearest(rest["missing"], aside["unexpected"])
    fields["notes"] = tuple(_advice(values, names, targets, aside["unexpected"], wrong["shape"], wanted))
    return fields, found


def unwrapped(values: Mapping[str, Any], targets: Mapping[str, Target]) -> tuple[Mapping[str, Any], list[str]]:
    """The values without what a wrapper of the saved module put before all names, and a note that says so."""
    for prefix in WRAPPERS:
        is_wrapped = values and all(name.startswith(prefix) for name in values)
        if is_wrapped and not any(key.startswith(prefix) for key in targets):
            bare = {name[len(prefix) :]: value for name, value in values.items()}
            return bare, [f"every name begins with `{prefix}`, which a wrapper of the saved module put there"]
    return values, []


def _sorted_names(
    values: Mapping[str, Any], targets: Mapping[str, Target], wanted: Wanted
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Names by the key they lead to, and those that lead to none by what becomes of them."""
    names: dict[str, list[str]] = {}
    aside: dict[str, list[str]] = {"kept": [], "left_out": [], "ignored": [], "unexpected": []}
    aside["kept"] = [key for key in targets if wanted.keeps(key)]
    kept = set(aside["kept"])
    for name in values:
        key = name if wanted.key_map is None else wanted.key_map.key_of(name)
        if key in kept:
            aside["ignored"].append(name)
        elif key is not None and key in targets:
            names.setdefault(key, []).append(name)
        elif key in wanted.left_out:
            aside["left_out"].append(name)
        elif wanted.ignores(name) or (wanted.key_map is not None and wanted.key_map.ignores(name)):
            aside["ignored"].append(name)
        else:
            aside["unexpected"].append(name)
    return names, aside


def _differing_ties(found: Values, targets: Mapping[str, Target]) -> Iterator[Misfit]:
    """Keys of one parameter for which the file has other numbers than for the first of them, which alone is kept."""
    first: dict[int, str] = {}
    for key in list(found):
        other = first.setdefault(id(targets[key].tensor), key)
        if other != key and not _same(found[other], found[key], targets[key].tensor.dtype):
            yield Misfit(key, key, f"it is one parameter with `{other}`, for which the file has other numbers")
            del found[key]


def _keys_without_names(
    found: Values, answered: set[str], targets: Mapping[str, Target], wanted: Wanted
) -> dict[str, Any]:
    """What becomes of keys that no name leads to: tied to others, filled in, or missing."""
    given = {id(targets[key].tensor) for key in found}
    counted = any(_counts_batches(targets[key]) for key in answered if key in targets)
    tied, filled, missing = [], {}, []
    for key, target in targets.items():
        if key in answered:
            continue
        number = wanted.key_map.filling(key) if wanted.key_map is not None else None
        if id(target.tensor) in given:
            tied.append(key)
        elif number is not None:
            filled[key] = number
        elif not counted and _counts_batches(target) and _sibling(key, "running_mean") in found:
            filled[key] = 0.0
        else:
            missing.append(key)
    return {"tied": tuple(tied), "filled": filled, "missing": tuple(missing)}


def _counts_batches(target: Target) -> bool:
    """Whether it is the counter of a batch norm, which files from before 2018 and of other frameworks do not have."""
    is_norm = isinstance(target.owner, nn.modules.batchnorm._NormBase)
    return is_norm and target.key.rpartition(".")[2] == "num_batches_tracked"


def _sibling(key: str, name: str) -> str:
    holder, dot, _ = key.rpartition(".")
    return holder + dot + name


def _nearest(missing: tuple[str, ...], unexpected: list[str]) -> dict[str, str]:
    """For missing keys, the unexpected name that was most likely meant."""
    near = {key: nearest(key, unexpected) for key in islice(missing, _MOST_COMPARED)} if unexpected else {}
    return {key: name for key, name in near.items() if name is not None}


def _advice(
    values: Mapping[str, Any],
    names: Mapping[str, list[str]],
    targets: Mapping[str, Target],
    unexpected: list[str],
    wrong_shape: list[Misfit],
    wanted: Wanted,
) -> Iterator[str]:
    """What would make more of a file fit."""
    some = unexpected[:_MOST_COMPARED]
    for called, described in wanted.maps.items() if wanted.key_map is None and some else ():
        known = KeyMap(described)
        if 2 * sum(known.key_of(name) in targets for name in some) > len(some):
            yield f'these are names of the key map `{called}` of the spec: `map="{called}"`'
    pairs = [(targets[wrong.key], values[wrong.name]) for wrong in wrong_shape]
    if wanted.layout == "torch" and any(in_torch_order(target, value) for target, value in pairs):
        yield 'kernels in the order of TensorFlow fit with `layout="tensorflow"`'
    if wanted.classes == "all" and any(has_one_row_more(value, target) for target, value in pairs):
        yield 'one row more, the first of them for a background class, is left out with `classes="drop-first"`'


def _dtypes(tensor: torch.Tensor | float, target: Target) -> tuple[str, str]:
    assert isinstance(tensor, torch.Tensor), "numbers are filled in later"
    return dtype_name(tensor.dtype), dtype_name(target.tensor.dtype)


def _same(one: torch.Tensor | float, two: torch.Tensor | float, dtype: torch.dtype) -> bool:
    """Whether two tensors are the same once they have the dtype of what both become."""
    return torch.allclose(torch.as_tensor(one, dtype=dtype), torch.as_tensor(two, dtype=dtype), 0, 0, equal_nan=True)
