"""An interpreter for each peer: an environment of its own that adds to the packages of the running one."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

from benchmarks.diagnostics.peer import Peer

FOLDER = Path(tempfile.gettempdir()) / "archspec-peers"
"""Where environments are made unless another place is named."""
SECONDS_TO_INSTALL = 180
"""What takes longer is left out."""


def python_of(peer: Peer, folder: Path) -> Path:
    """Where the interpreter of a peer is, or would be."""
    return _environment(peer, folder) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def install(peer: Peer, folder: Path) -> str:
    """Make the environment of a peer; what went wrong, or nothing."""
    environment = _environment(peer, folder)
    venv.create(environment, with_pip=False, clear=True)
    _see_packages_of_this_one(environment)
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python_of(peer, folder)),
        "install",
        "--quiet",
        *peer.packages,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_INSTALL)
    except subprocess.TimeoutExpired:
        return f"took more than {SECONDS_TO_INSTALL} s to install"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


def version_of(peer: Peer, python: Path) -> str:
    """The version of a peer's package as its interpreter sees it; nothing where it is not there."""
    asked = f"from importlib.metadata import version; print(version({peer.packages[0]!r}))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def _environment(peer: Peer, folder: Path) -> Path:
    return folder / peer.packages[0]


def _see_packages_of_this_one(environment: Path) -> None:
    """Let it use torch and all else that is installed here, without a copy; what it installs itself goes before."""
    paths = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", vars=paths))
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages / "_packages_of_the_tool.pth").write_text(line, encoding="utf-8")
