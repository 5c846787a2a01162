"""What ONNX cannot say, or what is not said in it here."""

from __future__ import annotations


class NotInOnnxError(ValueError):
    """A network has something that is not expressed in ONNX."""

    def __init__(self, path: str, op: str, reason: str) -> None:
        super().__init__(f"`{path}` (`{op}`): {reason}" if op else f"`{path}`: {reason}" if path else reason)
        self.path = path
        """Of the node; empty where it is the network as a whole."""
        self.op = op
        """The name of its op."""
        self.reason = reason
        """In lower case, without a full stop."""
