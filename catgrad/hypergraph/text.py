"""Words and lists in messages."""

from collections.abc import Callable

_SHOWN = 16
"""How many items a list in a message shows."""


def plural(n: int, noun: str) -> str:
    """``1 wire``, ``2 wires``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def some(n: int, item: Callable[[int], object]) -> list[str]:
    """n items as text: all of them, or the first ones and the last with a count of those between.

    >>> print(", ".join(some(100, lambda i: i * i)))
    0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, ... 84 more ..., 9801
    """
    if n <= _SHOWN:
        return [str(item(i)) for i in range(n)]
    first = [str(item(i)) for i in range(_SHOWN - 1)]
    return [*first, f"... {n - _SHOWN} more ...", str(item(n - 1))]
