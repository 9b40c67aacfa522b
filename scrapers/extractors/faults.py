"""What libraries raise on pages that nobody thought of: each stops at its adapter."""

from __future__ import annotations

from typing import Final

FAULTS: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""Neither a MemoryError nor an interruption, which are for who reads, nor what the system has to say."""
