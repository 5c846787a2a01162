"""The Graphviz that pygraphviz brings, as a program like `dot`: DOT on standard input, a drawing on standard output.

It runs as a process of its own, so that a layout that hangs or crashes is stopped alone, and imports nothing of ours:
`python -I -S _pygraphviz.py FOLDER -Tsvg`, where FOLDER is what holds pygraphviz, or `-V` for the version.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def main(folder: str, option: str) -> int:
    """Draw, or say the version; the exit code is 0 when it worked, and Graphviz itself says why it did not."""
    sys.path.append(folder)
    import pygraphviz
    from pygraphviz import _graphviz, graphviz

    context = graphviz.gvContextWithBuiltins()
    if option == "-V":
        versions = f"{pygraphviz.__version__} (Graphviz {pygraphviz.__graphviz_version__})"
        sys.stderr.write(f"pygraphviz - pygraphviz version {versions}\n")
        return 0
    _read_no_files(_graphviz.__file__)
    try:
        graph = graphviz.agread(sys.stdin.buffer, None)
    except ValueError:
        return 1
    form = option.removeprefix("-T").encode()
    failed = graphviz.gvLayout(context, graph, b"dot") or graphviz.gvRender(context, graph, form, sys.stdout.buffer)
    return int(bool(failed))


def _read_no_files(library: str) -> None:
    """Forbid Graphviz to open the pictures that DOT names, as `dot` does where SERVER_NAME is set."""
    with suppress(ValueError, OSError):  # Windows looks for the variable in this one library, where it is not
        ctypes.c_char_p.in_dll(ctypes.CDLL(library), "HTTPServerEnVar").value = b"archspec"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
