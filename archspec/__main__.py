"""`python -m archspec`, and what the command `archspec` starts."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Run the command line and return the exit code."""
    gc.disable()  # a command makes objects and ends: looking for garbage takes a tenth of its time and finds none
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # they are looked up at every start, and none is used
    from archspec.commands.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
