"""Cache: what was chosen for a network on this machine, so that it is not measured again."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from archspec.passes.network import Network
from archspec.source.files import give_usual_access, replace_file
from archspec.tools.optimize.candidate import Way

_TOLD = ("model name", "flags", "CPU implementer", "CPU part", "Features")
"""What Linux tells of a processor that engines go by."""
_LIMIT = 64 * 1024
"""No entry is larger, in bytes."""


@dataclass(frozen=True)
class Choice:
    """An engine, what it computes in where that is coarser than the weights, and the passes that were seen to help."""

    engine: str
    precision: str | None
    tried: tuple[str, ...]


class ChoiceCache:
    """Choices in files of their own, one for each network, sizes, machine and versions."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open it; where nothing is said it lies where `ARCHSPEC_CACHE` says, or among the user's caches."""
        try:
            self.folder = folder or _usual_folder()
        except RuntimeError:  # the user has no home
            self.folder = Path(os.devnull)

    def key(
        self,
        network: Network,
        device: torch.device,
        dtype: torch.dtype,
        sizes: Mapping[str, int],
        ways: Iterable[Way],
    ) -> str:
        """What a choice is good for: a network, whatever its weights, some sizes, this machine, and what runs it."""
        packages = sorted({"torch", "archspec-nn"}.union(*(way.engine.packages for way in ways)))
        told = [
            str(network),
            torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
            str(dtype),
            sorted(sizes.items()),
            [way.label for way in ways],
            [[package, _version(package)] for package in packages],
            [torch.get_num_threads(), *_machine()],
        ]
        return sha256(json.dumps(told).encode()).hexdigest()

    def load(self, key: str) -> Choice | None:
        """What was chosen; None where nothing was, or what is there cannot be read as that."""
        try:
            path = self.folder / f"{key}.json"
            if not path.is_file() or path.stat().st_size > _LIMIT:
                return None
            match json.loads(path.read_text(encoding="utf-8")):
                case {
                    "key": found,
                    "engine": str(engine),
                    "precision": str() | None as precision,
                    "passes": list(tried),
                } if found == key:
                    return Choice(engine, precision, tuple(map(str, tried)))
        except (OSError, ValueError, RecursionError):
            pass
        return None

    def save(self, key: str, choice: Choice) -> None:
        """Keep a choice; where nothing can be written, nothing is."""
        text = json.dumps(
            {"key": key, "engine": choice.engine, "precision": choice.precision, "passes": list(choice.tried)}
        )
        path = self.folder / f"{key}.json"
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.is_file() or not path.exists():
                replace_file(path, [text.encode()], give_usual_access)


def _usual_folder() -> Path:
    if named := os.environ.get("ARCHSPEC_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "archspec" / "choices"


def _machine() -> list[str]:
    vectors = torch.backends.cpu.get_cpu_capability()
    return [platform.machine(), *_processor(), vectors, str(os.cpu_count()), platform.system()]


def _processor() -> list[str]:
    """What Linux tells of the first processor: its model, and what instructions it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return [platform.processor()]
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}
    return [told[name] for name in _TOLD if name in told]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
