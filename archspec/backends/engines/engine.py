"""Engine: what runs a network for inference, as fast as it can."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import ClassVar, TypeAlias
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from archspec.passes import FOLDING
from archspec.passes.network import Network
from archspec.passes.pass_type import Pass

Run: TypeAlias = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Computes the outputs of a network, in order, from its inputs, in order."""
Layouts: TypeAlias = MutableMapping[Hashable, Tensor]
"""Weights as an engine has laid them out, by all that this depends on, for as long as anything runs with them."""


class CannotRunError(ValueError):
    """An engine cannot run a network; the text says why."""


@dataclass(frozen=True)
class Job:
    """A network to be run."""

    network: Network
    """What passes have made of it."""
    values: Mapping[str, Tensor]
    """Its parameters and buffers, by key."""
    sizes: Mapping[str, int]
    """The sizes of the symbols of its inputs that it will mostly be run at."""
    device: torch.device
    dtype: torch.dtype
    """Of its weights, inputs and outputs."""
    precision: torch.dtype
    """What it is computed in: that of the weights, or a coarser one that was asked for."""
    threads: int = field(default_factory=torch.get_num_threads)
    """Of runtimes that have their own; as many as torch has when the job is made."""
    layouts: Layouts = field(default_factory=WeakValueDictionary)
    """What jobs of one module, with the weights as they are now, have in common."""


class Engine(ABC):
    """One way to run networks."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    """What has to be installed for it."""
    passes: ClassVar[tuple[Pass, ...]] = FOLDING
    """The passes that it runs networks after, in order."""
    tried: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    """Which passes that may or may not help are tried together, by their names."""
    precisions: ClassVar[tuple[str, ...]] = ()
    """What it can compute a network of float32 in where that is asked for, coarser than that."""
    is_ours: ClassVar[bool] = True
    """Whether its numbers are our doing; otherwise they are those of what is passed through to."""
    is_brief: ClassVar[bool] = True
    """Whether it is ready within seconds, so that it is tried without being asked for."""

    def missing(self) -> str | None:
        """What to install where it cannot be used; None where it can."""
        absent = [package for package in self.packages if find_spec(package) is None]
        return f"{' and '.join(absent)}: pip install 'archspec-nn[{self.name}]'" if absent else None

    @abstractmethod
    def prepare(self, job: Job) -> Run:
        """Make ready to run a network.

        Raises:
            CannotRunError: it cannot.
        """


def first_line(error: Exception) -> str:
    """What an engine says, without the trace that many write behind."""
    return f"it says: {str(error).strip().partition(chr(10))[0]}"
