"""What an operation says of itself: the text in its box, and the program that it stands for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from catgrad.draw.errors import DrawError
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.array import host

LONGEST = 24  # characters of a line about an operation's numbers
DEEPEST = 3_000  # definitions inside one another; more are taken to have no end


def caption(label: Hashable) -> str:
    """What a box says.

    A string as it is. Otherwise the name of a thing that has one (its attribute `name`, or what its
    method `symbol` returns); else the name of its class, and in a second line the numbers that it
    was made with.

    >>> from catgrad.core.operation import Permute
    >>> from catgrad.core.types import Dtype, NdArrayType
    >>> caption(Permute(NdArrayType((2, 3), Dtype.float32), (1, 0)))
    'Permute\\n1, 0'
    """
    if isinstance(label, str):
        return label
    name = getattr(label, "name", None)
    symbol = getattr(label, "symbol", None)
    if not isinstance(name, str) and callable(symbol):
        name = symbol()
    if isinstance(name, str):
        return name
    return "\n".join([type(label).__name__, *_numbers(label)])


def _numbers(label: Hashable) -> list[str]:
    """The fields of an operation that are numbers or lists of them, as one line or none."""
    if not is_dataclass(label):
        return []
    found = {
        field.name: str(value).strip("()").rstrip(",")
        if isinstance(value, tuple)
        else f"{value:.6g}"
        for field in fields(label)
        if _is_number(value := getattr(label, field.name))
        or (isinstance(value, tuple) and value and all(map(_is_number, value)))
    }
    # One number speaks for itself; of several a reader has to be told which is which.
    lines = [*found.values()] if len(found) < 2 else [f"{name} {n}" for name, n in found.items()]
    return lines if max(map(len, lines), default=0) <= LONGEST else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def inside(label: Hashable) -> OpenHypergraph | None:
    """The program that an operation stands for: its `program`, or what its `arrow` returns."""
    program = getattr(label, "program", None)
    if program is None and callable(arrow := getattr(label, "arrow", None)):
        program = arrow()
    return program if isinstance(program, OpenHypergraph) else None


def boundary(label: Hashable, side: str, wires: int) -> Sequence[str]:
    """What an operation calls its ``arguments`` or its ``results``; nothing if it does not say.

    Results without names beside arguments with names are ``y``, or ``y_0``, ``y_1`` and so on.
    """
    names = getattr(label, side, ())
    if isinstance(names, tuple) and len(names) == wires:
        return [str(name) for name in names]
    if side == "results" and getattr(label, "arguments", None):
        return ["y"] if wires == 1 else [f"y_{i}" for i in range(wires)]
    return [""] * wires


def distinct(f: OpenHypergraph) -> list[Hashable]:
    """The labels of the operations of `f`, in order of first use."""
    _, first = np.unique(host(f.H.x.ids), return_index=True)
    return [f.H.x[i] for i in np.sort(first).tolist()]


def programs_in(f: OpenHypergraph) -> dict[Hashable, OpenHypergraph]:
    """Every operation that `f` uses, directly or not, and that stands for a program; users first.

    Raises `DrawError` where one stands for a program that uses itself, or others without an end.
    """
    found: dict[Hashable, OpenHypergraph] = {}
    path: dict[Hashable, OpenHypergraph] = {}  # what is being looked into, outermost first
    within = [reversed(distinct(f))]
    while within:
        x = next(within[-1], None)
        if x is None:
            within.pop()
            if path:
                done, program = path.popitem()
                found[done] = program
        elif x in path:
            names = [caption(y) for y in (*path, x)]
            circle = " -> ".join(names[[*path].index(x) :])
            raise DrawError(
                f"A definition expands to itself ({circle}); define it by other operations."
            )
        elif x not in found and (own := inside(x)) is not None:
            if len(path) == DEEPEST:
                first, second, *_ = map(caption, path)
                raise DrawError(
                    f"Definitions expand to definitions {DEEPEST:,} levels deep ({first} -> "
                    f"{second} -> ... -> {caption(x)}), without an end in sight; let the last of "
                    f"them be made of other operations."
                )
            path[x] = own
            within.append(reversed(distinct(own)))
    return {x: found[x] for x in reversed(found)}


def titles(found: dict[Hashable, OpenHypergraph]) -> dict[Hashable, str]:
    """A name for each definition: several of one name are numbered, as in ``dense, dense 2``."""
    taken: dict[str, int] = {}
    named = {}
    for x in found:
        name = caption(x)
        taken[name] = taken.get(name, 0) + 1
        named[x] = name if taken[name] == 1 else f"{name} {taken[name]}"
    return named
