"""Programs that tests draw and look with."""

from __future__ import annotations

import os
from shutil import which

import pytest


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed, but let it fail where `ARCHSPEC_REQUIRE` names the program."""
    is_required = program in os.environ.get("ARCHSPEC_REQUIRE", "").split()
    return pytest.mark.skipif(which(program) is None and not is_required, reason=f"`{program}` is not installed")
