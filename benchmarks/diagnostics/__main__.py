"""Plant mistakes in a block, as archspec and each peer say it, and print how each is found, as a Markdown table.

Peers run in environments of their own. `--install` makes these with pip, which takes some minutes and 1 GB, in a
folder for temporary files unless `--environments` names another; what is already there is made anew. Without it, peers
are taken that have such an environment.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.diagnostics.column import column
from benchmarks.diagnostics.environments import FOLDER, install, python_of, version_of
from benchmarks.diagnostics.peer import Peer
from benchmarks.diagnostics.peers import PEERS
from benchmarks.diagnostics.table import details, legend, table
from benchmarks.diagnostics.verdict import Cell

OURS = "archspec"
THEIRS = [name for name in PEERS if name != OURS]


def main(arguments: Sequence[str]) -> int:
    """Print the table of the peers named, of all where none is; 2 for an unknown name."""
    asked = _parser().parse_args(arguments)
    names = asked.peers or THEIRS
    if unknown := [name for name in names if name not in THEIRS]:
        print(f"there is no peer `{unknown[0]}`; there are {', '.join(THEIRS)}", file=sys.stderr)
        return 2
    peers = [PEERS[name] for name in names]
    missing = _install(peers, asked.environments) if asked.install else {}
    pythons = {OURS: Path(sys.executable)} | {peer.name: python_of(peer, asked.environments) for peer in peers}
    missing |= {name: "not installed" for name, python in pythons.items() if not python.exists()}
    taken = {name: python for name, python in pythons.items() if name not in missing}
    columns = {name: column(PEERS[name], python) for name, python in taken.items()}
    versions = {PEERS[name].packages[0]: version_of(PEERS[name], python) for name, python in taken.items()}
    _print(columns, versions, missing)
    if asked.verbose:
        print(*details(columns), sep="\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diagnostics", description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"one of {', '.join(THEIRS)}; all unless named")
    parser.add_argument("--install", action="store_true", help="make the environments first")
    parser.add_argument("--environments", type=Path, default=FOLDER, help="where they are (%(default)s)")
    parser.add_argument("--verbose", action="store_true", help="print what was said, word by word")
    return parser


def _install(peers: Sequence[Peer], folder: Path) -> dict[str, str]:
    """Make each environment once, though peers may share one; what could not be installed, and why."""
    made: dict[str, str] = {}
    for peer in peers:
        if peer.packages[0] not in made:
            print(f"installing {' '.join(peer.packages)} ...", file=sys.stderr)
            made[peer.packages[0]] = install(peer, folder)
    return {peer.name: made[peer.packages[0]] for peer in peers if made[peer.packages[0]]}


def _print(columns: dict[str, dict[str, Cell]], versions: dict[str, str], missing: dict[str, str]) -> None:
    told = ", ".join(f"{package} {version}" for package, version in versions.items())
    print(*table(columns), "", *legend(columns), sep="\n")
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}: {told}")
    for name, why in missing.items():
        print(f"left out: {name} ({why})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
