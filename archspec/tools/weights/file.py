"""Files of weights, read without running anything that is in them."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final, TypeAlias

import torch

from archspec.source.sanitize import visible
from archspec.tools.weights.report import WeightsError, shown

Source: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""The path of a file, or names with their tensors or arrays of NumPy."""
NESTED: Final = "state_dict"
"""The entry of a training checkpoint that has the weights."""
_PICKLES: Final = (b"PK\x03\x04", b"\x80")
"""How the files of `torch.save` begin, those of today and those from before version 1.6."""
_FOREIGN: Final = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, such as Keras writes",
    b"\x93NUMPY": "a single array of NumPy",
    b"\x1f\x8b": "compressed by gzip",
    b"{": "JSON, perhaps the index of weights that are in several files",
}
_TENSORFLOW: Final = (0xDB4775248B80FB57).to_bytes(8, "little")
"""How a checkpoint of TensorFlow ends: it is a table of LevelDB."""
_LOADED: Final = "torch.load(path, weights_only=False)"
_LOADED_SCRIPT: Final = "torch.jit.load(path).state_dict()"
_CONVERT: Final = (
    f"if you trust it, convert its weights to safetensors: `safetensors.torch.save_file({_LOADED}, new_path)`"
)
_REFUSED: Final = re.compile(r"GLOBAL (\S+) (?:was not an allowed|whose module)")


def read_weights(source: object) -> tuple[Mapping[str, Any], str, list[str]]:
    """The names in a source (see `Source`) with what stands under them, what to call it, and notes on how it was read.

    Raises:
        WeightsError: there is no such file, or it is none that can be read.
    """
    if isinstance(source, Mapping):
        values, name = source, "the mapping"
    elif isinstance(source, str | os.PathLike):
        name = visible(os.fspath(source))
        values = _read_file(Path(source), name)
    else:
        hint = "; pass its `state_dict()`" if isinstance(source, torch.nn.Module) else ""
        raise WeightsError(f"weights come from a path or a mapping, but this is `{type(source).__name__}`{hint}")
    return _unwrapped(values, name)


def _unwrapped(values: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], str, list[str]]:
    """The weights of a training checkpoint, which has them in an entry, beside the optimizer's state and the like."""
    notes = []
    inner = values.get(NESTED)
    if isinstance(inner, Mapping) and not any(isinstance(value, torch.Tensor) for value in values.values()):
        notes.append(f"the weights are those in its entry `{NESTED}`")
        values = inner
    wrong = next((key for key in values if not isinstance(key, str)), None)
    if wrong is not None:
        raise WeightsError(f"{name} has the key {shown(repr(wrong))}, and names of weights are text")
    if values and all(isinstance(value, Mapping) for value in values.values()):
        entries = ", ".join(f"`{shown(key)}`" for key in list(values)[:8])
        raise WeightsError(f"{name} has no tensors but further mappings: {entries}; pass the one that has the weights")
    return values, name, notes


def _read_file(path: Path, name: str) -> Mapping[str, Any]:
    if not path.exists():
        index = path.with_name(f"{path.name}.index")
        if index.is_file():
            raise WeightsError(_foreign(name, "a checkpoint of TensorFlow"))
        raise WeightsError(f"there is no file {name}")
    if not path.is_file():
        what = "a directory" if path.is_dir() else "no regular file"
        raise WeightsError(f"{name} is {what}; expected a file of weights")
    try:
        with path.open("rb") as file:
            first = file.read(16)
            file.seek(max(0, path.stat().st_size - len(_TENSORFLOW)))
            last = file.read(len(_TENSORFLOW))
    except OSError as error:
        raise WeightsError(f"{name} cannot be read: {error.strerror}") from error
    if not first:
        raise WeightsError(f"{name} is empty")
    if first[5:9] == b"\0\0\0{" or (path.suffix == ".safetensors" and not first.startswith(_PICKLES[0])):
        return _read_safetensors(path, name)
    if first.startswith(_PICKLES):
        return _read_torch(path, name)
    known = next((what for begin, what in _FOREIGN.items() if first.startswith(begin)), None)
    known = "a checkpoint of TensorFlow" if last == _TENSORFLOW else known
    raise WeightsError(_foreign(name, known))


def _foreign(name: str, what: str | None) -> str:
    help_text = "read it with what wrote it, and pass a mapping from names to arrays or tensors"
    return f"{name} is {what or 'no file of safetensors or torch'}; {help_text if what else 'expected one of these'}"


def _read_safetensors(path: Path, name: str) -> Mapping[str, Any]:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # a file may be wrong in any way, and the library has no one class for that
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise WeightsError(f"{name} is no whole file of safetensors: {shown(reason)}") from error


def _read_torch(path: Path, name: str) -> Mapping[str, Any]:
    try:
        with warnings.catch_warnings(action="ignore"):  # about the pickle protocol, which torch reads or refuses
            values = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        refused = _REFUSED.search(str(error))
        what = f"reading it would run `{shown(refused[1])}`" if refused else "it is no pickle of tensors alone"
        raise WeightsError(f"{name} is refused: {what}; nothing of it was run; {_CONVERT}") from error
    except Exception as error:  # bytes that are no pickle make the reader fail in any way
        if "TorchScript" in str(error):
            message = f"{name} is a program of TorchScript; {_CONVERT.replace(_LOADED, _LOADED_SCRIPT)}"
            raise WeightsError(message) from error
        reason = str(error).partition("\n")[0].partition(". This is an internal")[0]
        raise WeightsError(f"{name} is no whole file of torch: {shown(reason or type(error).__name__)}") from error
    if not isinstance(values, Mapping):
        message = f"{name} has a `{type(values).__name__}` in it; expected a mapping from names to tensors"
        raise WeightsError(message)
    return values
