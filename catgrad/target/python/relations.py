"""What the caller of two functions knows about the wires between them.

The reverse map of a block reads what its forward map kept. A name for it, and for the gradients
computed from it, stands in the program of the forward map alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catgrad.target.python.names import Names

NAMELESS = re.compile(r"kept(_\d+)?")
"""What wires are called of which nothing is known but that they are kept."""


@dataclass(frozen=True)
class Relation:
    """What is known of an argument of a function from the function that it has been through.

    - ``name``: what it is called there, if it has no name otherwise
    - ``partner``: what a contraction there multiplies it with
    - ``outcome``: what this contraction gives
    - ``factor``: what a product there multiplies it with, number by number
    """

    name: str = ""
    partner: str = ""
    outcome: str = ""
    factor: str = ""


@dataclass(frozen=True)
class Relations:
    """What a function tells about its arguments and its results."""

    arguments: Sequence[Relation] = ()
    results: Sequence[Relation] = ()


def is_nameless(name: str) -> bool:
    """Whether a name says nothing.

    >>> is_nameless("kept_2"), is_nameless("kept_weights")
    (True, False)
    """
    return NAMELESS.fullmatch(name) is not None


def named(arguments: Sequence[str], relations: Sequence[Relation]) -> list[str]:
    """Arguments by the names that they have elsewhere, where their own say nothing.

    >>> named(["kept_0", "kept_1", "scale"], [Relation("scale"), Relation("normalised")])
    ['scale_2', 'normalised', 'scale']
    """
    names = Names(name for name in arguments if not is_nameless(name))
    found = [relation.name for relation in relations] + [""] * len(arguments)
    return [
        names.new(other) if other and is_nameless(name) else name
        for name, other in zip(arguments, found, strict=False)
    ]
