"""`python -m archspec`, and what the command `archspec` starts."""

from __future__ import annotations

import sys

from archspec.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
