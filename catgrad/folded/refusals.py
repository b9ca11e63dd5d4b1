"""What cannot be folded, in words."""

from __future__ import annotations

from catgrad.errors import CatgradError


class FoldError(CatgradError):
    """A program that no folded engine runs."""


def not_foldable(name: str, reason: str) -> FoldError:
    """An operation that phases cannot say."""
    return FoldError(
        f"Cannot fold {name}, {reason}; use Spatial(), or write that part of the program in "
        f"operations that can be folded."
    )
