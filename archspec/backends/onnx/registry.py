"""Registry: which function says a step in ONNX, by what the step calls.

A translation has the arguments of what it stands for: it is called with the `Writer`, the arguments of the step and its
settings. Tensors among them are `Tensor`s; sizes are `Size`s. It gives what torch would: a `Tensor`, a tuple, a size.
That of a module has the arguments of a call by position, those of the class by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

Translation: TypeAlias = Callable[..., Any]
METHOD: Final = "torch.Tensor."
"""Begins the target of a method of a tensor."""
COMPOSITES: Final = "archspec.backends.composites."
"""Begins the target of what torch has no one call for."""
TRANSLATIONS: Final[dict[str, Translation]] = {}
"""By target."""

_T = TypeVar("_T", bound=Translation)


def translates(*targets: str) -> Callable[[_T], _T]:
    """Enter a function as the translation of some targets; a decorator."""

    def enter(translation: _T) -> _T:
        for target in targets:
            assert target not in TRANSLATIONS, f"{target} has two translations"
            TRANSLATIONS[target] = translation
        return translation

    return enter
