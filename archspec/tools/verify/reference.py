"""The reference of a verification: a module that somebody else's Python builds.

This runs code that the user named on the command line, or handed over in Python. Nothing here is ever reached from a
spec.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any, Final

from torch import nn

LIBRARIES: Final = {"torchvision": "torchvision", "timm": "timm"}
"""The libraries that have a name for each of their networks, by the name under which pip installs them."""


class BadReferenceError(ValueError):
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
        BadReferenceError: the reference is of neither form, importing or calling it failed, or it gave no module.
    """
    module, colon, name = reference.partition(":")
    if not (module and colon and name):
        forms = "`torchvision:NAME`, `timm:NAME` or `package.module:callable`"
        raise BadReferenceError(f"`{reference}` names no reference; {forms} was expected")
    with _as_run_here(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library has to say of itself is not about the spec
        if module == "torchvision":
            made = _call(reference, partial(_torchvision, name), arguments or {})
        elif module == "timm":
            made = _call(reference, partial(_timm, name), arguments or {})
        else:
            made = _call(reference, _attribute(reference, module, name), arguments or {})
    if not isinstance(made, nn.Module):
        raise BadReferenceError(f"`{reference}` gave {_a(type(made).__name__)}, where a `torch.nn.Module` was expected")
    return made


def _torchvision(network: str, /, **arguments: Any) -> Any:
    models = _library("torchvision").models
    _hold_name("torchvision", network, models.list_models())
    if network in ("googlenet", "inception_v3"):
        arguments.setdefault("init_weights", False)  # true takes half a minute, and all is redrawn
    return models.get_model(network, **{"weights": None, **arguments})


def _timm(network: str, /, **arguments: Any) -> Any:
    timm = _library("timm")
    if ":" not in network:  # `hf-hub:...` stands elsewhere
        _hold_name("timm", network.partition(".")[0], timm.list_models())
    return timm.create_model(network, **{"pretrained": False, **arguments})


def _hold_name(library: str, network: str, known: Sequence[str]) -> None:
    if network not in known:
        near = get_close_matches(network, known, n=1)
        hint = f", did you mean `{near[0]}`?" if near else ""
        raise BadReferenceError(f"there is no network `{network}` in {library}{hint}")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise MissingLibraryError(f"`{name}` is not installed", name=name) from error
        raise


def _attribute(reference: str, module: str, name: str) -> Any:
    try:
        found: Any = import_module(module)
    except (Exception, SystemExit) as error:
        raise BadReferenceError(f"`{module}` cannot be imported: {text_of(error)}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise BadReferenceError(f"there is no `{part}` in `{module}`, of which `{reference}` is to be made")
        found = getattr(found, part)
    return found


@contextmanager
def _as_run_here() -> Iterator[None]:
    """Find modules in the working directory first, as `python -c` does; the command `archspec` would not."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _call(reference: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return function(**arguments)
    except (MissingLibraryError, BadReferenceError):
        raise
    except (Exception, SystemExit) as error:
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        raise BadReferenceError(f"`{reference}` cannot be built with ({given}): {text_of(error)}") from error


def text_of(error: BaseException) -> str:
    """The kind and the words of an exception, on one line."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:300]}{'...' if len(words) > 300 else ''}".removesuffix(": ")


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} `{noun}`"
