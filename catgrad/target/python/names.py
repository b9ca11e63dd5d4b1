"""Names that Python accepts, each used once."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

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
    if not isinstance(name, str) or not name.isidentifier():
        raise CatgradError(
            f"{name!r} is not a name that Python accepts; "
            f"use letters, digits and underscores, and do not begin with a digit."
        )


@cache
def snake_case(name: str) -> str:
    """A name in the style of functions and variables.

    >>> snake_case("BatchNorm"), snake_case("sigmoid"), snake_case("1 / x")
    ('batch_norm', 'sigmoid', '_1___x')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", name)).lower()
    return words if words.isidentifier() else f"_{words}"


def numeral(x: float) -> str:
    """How a name says a number, of which three digits are enough.

    >>> numeral(0.9), numeral(1e-05), numeral(-3.1416)
    ('0_9', '1e_05', 'minus_3_14')
    """
    digits = re.sub(r"\W+", "_", f"{abs(x):.3g}")
    return f"minus_{digits}" if x < 0 else digits


def plural(names: Sequence[str]) -> str:
    """What to call several arrays together: the words that their names have in common.

    >>> plural(["new_scale_1_mean", "new_bias_mean"]), plural(["bias_1", "bias_2"])
    ('new_means', 'biases')
    >>> plural(["new_scale_1", "new_bias"])
    'new_parameters'
    """
    words = [[word for word in name.split("_") if not word.isdecimal()] for name in names]
    before, after = _common(words), _common([line[::-1] for line in words])[::-1]
    least = min(map(len, words))
    if len(before) == least:
        before, after = before[:-1], before[-1:]
    after = after[max(0, len(before) + len(after) - least) :] or ["parameter"]
    *first, last = [*before, *after]
    return "_".join([*first, _plural_of(last)])


def _plural_of(noun: str) -> str:
    """
    >>> _plural_of("velocity"), _plural_of("key")
    ('velocities', 'keys')
    """
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x")) else f"{noun}s"


def _common(lines: Sequence[Sequence[str]]) -> list[str]:
    """The words with which all lines begin."""
    common = []
    for words in zip(*lines, strict=False):
        if len({*words}) > 1:
            break
        common.append(words[0])
    return common
