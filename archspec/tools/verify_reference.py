"""The reference of a verification: a module that somebody else's Python builds.

This runs code that the user named on the command line, or handed over in Python. Nothing here is ever reached from a
spec.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from torch import nn

LIBRARIES: Final = {"torchvision": "torchvision", "timm": "timm"}
"""The libraries that have a name for each of their networks, by the name under which pip installs them."""


class ReferenceError(ValueError):
    """There is no module under a reference's name, or it does not run; the message says why."""


class MissingLibraryError(ImportError):
    """The library of a reference is not installed; `name` is what pip calls it."""


def load_reference(reference: str, arguments: Mapping[str, Any] | None = None) -> nn.Module:
    """Build the module that a reference names, with random weights.

    Args:
        reference: `torchvision:NAME` or `timm:NAME`, a network of these libraries; or `package.module:callable`, any
            callable that returns a module, looked up as Python would from the working directory.
        arguments: What it is called with, by name. The libraries' networks are built without checkpoints and, where
            torchvision would draw weights slowly, without these, as a verification draws its own.

    Raises:
        MissingLibraryError: torchvision or timm is asked for and not installed.
        ReferenceError: the reference is of neither form, importing or calling it failed, or it gave no module.
    """
    module, colon, name = reference.partition(":")
    if not (module and colon and name):
        forms = "`torchvision:NAME`, `timm:NAME` or `package.module:callable`"
        raise ReferenceError(f"`{reference}` names no reference; {forms} was expected")
    arguments = dict(arguments or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library has to say of itself is not about the spec
        if module == "torchvision":
            made = _call(reference, _torchvision, name, arguments)
        elif module == "timm":
            made = _call(reference, _timm, name, arguments)
        else:
            made = _call(reference, _attribute(reference, module, name), arguments)
    if not isinstance(made, nn.Module):
        raise ReferenceError(f"`{reference}` gave {_a(type(made).__name__)}, where a `torch.nn.Module` was expected")
    return made


def _torchvision(name: str, arguments: dict[str, Any]) -> Any:
    models = _library("torchvision").models
    if name in ("googlenet", "inception_v3"):
        arguments.setdefault("init_weights", False)  # true takes half a minute, and all is redrawn
    return models.get_model(name, **{"weights": None, **arguments})


def _timm(name: str, arguments: dict[str, Any]) -> Any:
    return _library("timm").create_model(name, **{"pretrained": False, **arguments})


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise MissingLibraryError(f"`{name}` is not installed", name=name) from error
        raise


def _attribute(reference: str, module: str, name: str) -> Any:
    here = os.getcwd()
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(module)
    except Exception as error:
        raise ReferenceError(f"`{module}` cannot be imported: {text_of(error)}") from error
    finally:
        if added and here in sys.path:
            sys.path.remove(here)
    for part in name.split("."):
        if not hasattr(found, part):
            raise ReferenceError(f"there is no `{part}` in `{module}`, of which `{reference}` is to be made")
        found = getattr(found, part)
    return found


def _call(reference: str, function: Any, *given: Any) -> Any:
    *names, arguments = given
    try:
        return function(*names, arguments) if names else function(**arguments)
    except MissingLibraryError:
        raise
    except Exception as error:
        shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        raise ReferenceError(f"`{reference}` cannot be built with ({shown}): {text_of(error)}") from error


def text_of(error: BaseException) -> str:
    """The kind and the words of an exception, on one line."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:300]}{'...' if len(words) > 300 else ''}".removesuffix(": ")


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} `{noun}`"
