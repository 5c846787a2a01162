"""The figures of the pages: what the commands in them draw of the specs in them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from archspec.commands.main import main as archspec

ROOT = Path(__file__).resolve().parent.parent

PICTURED: Final = ("README.md", "specs/README.md", "docs/figures.md")
"""The pages with figures: what their commands draw is in `docs/figures/`."""
ENGINE: Final = "pygraphviz"
"""What draws them: `constraints.txt` has its version, and other versions lay out otherwise."""

_SPEC: Final = re.compile(r"^```yaml file=(\S+).*\n([\s\S]*?)^```$", re.MULTILINE)
_DRAWS: Final = re.compile(r"\$ archspec (.* -o [\w.]+\.svg)\b")


def figures() -> dict[str, str]:
    """The figures of all pages by file: what `$ archspec ... -o NAME.svg` in a page draws of the specs in that page."""
    drawn: dict[str, str] = {}
    for page in PICTURED:
        text = (ROOT / page).read_text(encoding="utf-8")
        with TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("specs").symlink_to(ROOT / "specs")
            for name, spec in _SPEC.findall(text):
                Path(name).parent.mkdir(exist_ok=True)
                Path(name).write_text(spec, encoding="utf-8")
            for command in _DRAWS.findall(text):
                name = _draw(command)
                figure = Path(name).read_text(encoding="utf-8")
                assert drawn.setdefault(f"docs/figures/{name}", figure) == figure, f"two figures are called {name}"
    return drawn


def _draw(command: str) -> str:
    """Run a command that draws into the current folder, and give the name of the file."""
    arguments = [*shlex.split(command), "--engine", ENGINE]
    name = arguments[arguments.index("-o") + 1]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        archspec(arguments)
    if not Path(name).exists():
        sys.exit(f"archspec {command}: nothing is drawn\n{said.getvalue()}")
    return name
