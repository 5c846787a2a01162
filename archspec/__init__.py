"""Neural networks as documents: checked like programs, drawn like figures, run like modules."""

__version__ = "0.1.0"
