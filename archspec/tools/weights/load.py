"""Published weights into a module: everything is checked first, then copied, so that a failure changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import ValidationError
from torch import nn

from archspec.language.validate import did_you_mean, one_of
from archspec.recipe.weights import KeyMap, Pattern, PatternError, WeightMap
from archspec.tools.weights.file import Source, read_weights
from archspec.tools.weights.match import Wanted, match, unwrapped
from archspec.tools.weights.report import LoadReport, WeightsError
from archspec.tools.weights.write import on_meta, targets_of, write


def load_weights(
    model: nn.Module,
    source: Source,
    *,
    map: str | WeightMap | Mapping[str, Any] | None = None,
    strict: bool = True,
    keep: Sequence[str] = (),
    ignore: Sequence[str] = (),
    layout: Literal["torch", "tensorflow"] | None = None,
    classes: Literal["all", "drop-first"] | None = None,
) -> LoadReport:
    r"""Copy weights into a module, all of them or none.

    Every name has to be that of a key, and every key has to get a tensor of its shape. Floating-point numbers become
    the dtype that the model has; whole numbers never become floating-point ones. What the file may leave out: keys that
    are tied to keys it has; `num_batches_tracked`, which counts from 0 where the file has none of these at all; and
    what `fill` of the map names. Names of outputs that the model was compiled without are set aside. On a module on the
    meta device, tensors are made on the CPU (or where those of a mapping are), and constants come back.

    Args:
        model: a module that a spec was compiled to, or any other.
        source: the path of a file of safetensors or torch, or a mapping from names to tensors or arrays of NumPy. Files
            of torch are read with `weights_only=True`: a pickle that would run code is refused. An entry `state_dict`
            of a checkpoint is taken in its place, and where every name begins with `module.` or `_orig_mod.`, as
            wrapped modules save them, that is left out; the report says so.
        map: how names become keys: a name below `weights` in the model's spec, a map itself, or the same as data.
        strict: whether to raise where anything is missing, unexpected, or of a wrong shape or type. Otherwise what fits
            is loaded, and the report has the rest.
        keep: patterns of keys that stay as they are, such as `fc\..*` before a classifier is trained anew. Patterns
            are those of RE2, over the whole text.
        ignore: patterns of further names that may be in the file though no key comes of them.
        layout: `tensorflow` where kernels and matrices have inputs before outputs, last; by default what the map says.
        classes: `drop-first` where a tensor with exactly one row more than the model's begins with a background class
            that is to be left out; by default what the map says.

    Returns:
        The report: what came of every key and every name.

    Raises:
        WeightsError: the file cannot be read, or the weights do not fit; the model is as it was.
        ValueError: `map`, `keep`, `ignore`, `layout` or `classes` is none, or the model cannot be written to.
    """
    described = _described(model, map)
    wanted = Wanted(
        key_map=_ready(described),
        layout=_one(layout, "layout", ("torch", "tensorflow")) or (described.layout if described else "torch"),
        classes=_one(classes, "classes", ("all", "drop-first")) or (described.classes if described else "all"),
        keeps=_any_of(keep, "keep"),
        ignores=_any_of(ignore, "ignore"),
        left_out=frozenset(getattr(model, "__left_out__", ())),
        maps=getattr(model, "__weight_maps__", {}),
    )
    targets = targets_of(model)
    values, name, notes = read_weights(source)
    if described is None:
        values, more = unwrapped(values, targets)
        notes += more
    fields, found = match(values, targets, wanted)
    report = LoadReport(name, len(targets), **fields | {"notes": (*notes, *fields["notes"])})
    if strict and not report.fits:
        raise WeightsError.of_report(report)
    write(model, targets, found)
    return replace(report, without_values=tuple(on_meta(model)))


def _described(model: nn.Module, map: str | WeightMap | Mapping[str, Any] | None) -> WeightMap | None:
    """The map that is meant."""
    if map is None or isinstance(map, WeightMap):
        return map
    if isinstance(map, Mapping):
        try:
            return WeightMap.model_validate(dict(map))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(f"`{part}`" for part in problem["loc"])
            raise ValueError(f"this is no key map: {where}: {problem['msg']}") from error
    known: Mapping[str, WeightMap] = getattr(model, "__weight_maps__", {})
    if map not in known:
        help_text = did_you_mean(map, known) or one_of(list(known), "its maps are")
        raise ValueError(f"the spec of this model has no key map `{map}`; {help_text}")
    return known[map]


def _ready(described: WeightMap | None) -> KeyMap | None:
    try:
        return KeyMap(described) if described is not None else None
    except PatternError as error:
        raise ValueError(f"a pattern of the key map cannot be used: {error}") from error


def _any_of(texts: Sequence[str], option: str) -> Callable[[str], bool]:
    """Whether one of some patterns matches."""
    if isinstance(texts, str):
        raise ValueError(f"`{option}` is a list of patterns; write [{texts!r}]")
    try:
        patterns = [Pattern(text) for text in texts]
    except PatternError as error:
        raise ValueError(f"a pattern of `{option}` cannot be used: {error}") from error
    return lambda text: any(pattern.match(text) for pattern in patterns)


def _one(given: str | None, option: str, words: tuple[str, ...]) -> str | None:
    if given is not None and given not in words:
        raise ValueError(f"`{option}` is `{given}`; expected {' or '.join(f'`{word}`' for word in words)}")
    return given
