"""A program run as a child: without a shell, with few variables, and with no more time and memory than it is given."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from subprocess import PIPE, CompletedProcess, Popen
from typing import Final

if sys.platform == "linux":
    import resource

_MEMORY: Final = 4 << 30
"""Bytes of address space: a hundred times what a large figure takes."""
_KEPT: Final = (
    *("PATH", "LD_LIBRARY_PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "SYSTEMROOT", "WINDIR", "USERPROFILE", "LOCALAPPDATA", "TEMP", "TMP"),
)
"""The variables that a child has from us: where libraries, fonts and room for caches are."""


def run(command: Sequence[str], text: bytes, seconds: float, variables: Mapping[str, str]) -> CompletedProcess[bytes]:
    """Run a program to its end and give its exit code and what it wrote.

    Args:
        command: the program, by its full path, and its arguments.
        text: what it reads on standard input.
        seconds: how long it may take.
        variables: of its environment, besides those that say where things are.

    Raises:
        subprocess.TimeoutExpired: when it takes longer; it and what it started are ended then.
        OSError: when it cannot be started.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(variables)
    with Popen(  # noqa: S603 - no shell reads the command, and nothing in it comes from a spec
        command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
    ) as process:
        try:
            _bound_memory(process.pid)
            output, errors = process.communicate(text, seconds)
        except BaseException:  # the time is up, or somebody pressed Ctrl-C, which a session of its own does not get
            _end(process)
            raise
    return CompletedProcess(command, process.returncode, output, errors)


def _bound_memory(pid: int) -> None:
    """Bound the memory of a child that waits for its input; elsewhere than on Linux, time alone is bounded."""
    if sys.platform == "linux":
        with suppress(OSError):  # it has ended already, or this process may set no limits
            if resource.prlimit(pid, resource.RLIMIT_AS)[1] == resource.RLIM_INFINITY:
                resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _end(process: Popen[bytes]) -> None:
    """End a child, and what it started where sessions are known."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # there is nothing left to end
            os.killpg(process.pid, signal.SIGKILL)
