"""What ops are called elsewhere, for the help of a name that is no op here."""

from __future__ import annotations

import re
from typing import Final

from archspec.ops import ALSO, TABLE, plain_name

_STRUCTURES: Final = {"sequential": "sequence"}
"""The structures of the language, as torch and Keras call them."""


def called_here(name: str) -> str | None:
    """What the op is called here that torch, Keras, ONNX or Caffe call `name`; None when there is none."""
    plain = plain_name(name)
    here = {plain_name(op): op for op in TABLE} | ALSO | _STRUCTURES
    return here.get(plain) or here.get(re.sub(r"[123]d\Z", "", plain))
