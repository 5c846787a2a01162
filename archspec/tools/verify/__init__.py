"""A spec's network beside somebody else's: pair their weights, run both, compare, and find where they part."""

from archspec.tools.verify.reference import BadReferenceError, MissingLibraryError, load_reference
from archspec.tools.verify.verification import DoesNotRunError, Verification, verify

__all__ = [
    "BadReferenceError",
    "DoesNotRunError",
    "MissingLibraryError",
    "Verification",
    "load_reference",
    "verify",
]
