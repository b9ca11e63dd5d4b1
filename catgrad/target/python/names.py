"""Names that Python accepts, each used once."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from catgrad.errors import CatgradError

BUILTINS = frozenset(dir(builtins))


class Names:
    """Names in use, and new ones beside them."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}  # all up to these are taken, and stay so
        self._taken = {*keyword.kwlist, *BUILTINS, "np", *taken}

    def new(self, stem: str) -> str:
        """`stem`, or the first of ``stem_2``, ``stem_3``, ... that is free."""
        name, n = stem, self._numbers.get(stem, 1)
        while name in self._taken:
            n += 1
            name = f"{stem}_{n}"
        self._taken.add(name)
        self._numbers[stem] = n
        return name

    def claim(self, names: Sequence[str]) -> list[str]:
        """Names as given, but repeated ones numbered from 1, and reserved ones marked.

        >>> Names().claim(["weights", "bias", "weights", "lambda"])
        ['weights_1', 'bias', 'weights_2', 'lambda_']
        """
        times, seen = Counter(names), Counter[str]()
        claimed = []
        for name in names:
            require_identifier(name)
            seen[name] += 1
            numbered = name if times[name] == 1 else f"{name}_{seen[name]}"
            if keyword.iskeyword(numbered) or numbered == "np":
                numbered += "_"
            # Whoever calls an argument `input` may; it is only for new names that this is avoided.
            if numbered in BUILTINS:
                self._taken.discard(numbered)
            claimed.append(self.new(numbered))
        return claimed


def require_identifier(name: str) -> None:
    """Refuse what cannot be a name in Python."""
    if not name.isidentifier():
        raise CatgradError(
            f"'{name}' is not a name that Python accepts; "
            f"use letters, digits and underscores, and do not begin with a digit."
        )


def snake_case(name: str) -> str:
    """A name in the style of functions and variables.

    >>> snake_case("BatchNorm"), snake_case("sigmoid"), snake_case("1 / x")
    ('batch_norm', 'sigmoid', '_1___x')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", name)).lower()
    return words if words.isidentifier() else f"_{words}"
