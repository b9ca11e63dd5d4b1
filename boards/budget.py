"""What a synthesised design takes, against what its device has."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

from boards.board import Board, Pair
from catgrad.errors import CatgradError

Cells = list[dict[str, Any]]
"""The cells of a flat netlist, as Yosys's `write_json` describes them."""


def needs(board: Board, cells: Cells) -> dict[str, int]:
    """How many of each resource of the board's family the cells take, at least.

    Place and route adds a few cells of general logic, mostly to carry chains.
    """
    types = Counter(cell["type"] for cell in cells)
    taken = {
        resource.name: ceil(
            sum(
                count * number
                for type, count in types.items()
                for prefix, number in resource.cells.items()
                if type.startswith(prefix)
            )
        )
        for resource in board.family.resources
    }
    if board.family.pair is not None:
        taken[board.family.resources[0].name] -= pairs(cells, board.family.pair)
    return taken


def pairs(cells: Cells, pair: Pair) -> int:
    """How many cells share a place with the cell that drives them, which drives nothing else."""
    users = Counter(bit for cell in cells for port in cell["connections"].values() for bit in port)
    driven = {cell["connections"][pair.output][0] for cell in cells if cell["type"] == pair.driver}
    inputs = [
        cell["connections"][pair.input][0] for cell in cells if cell["type"].startswith(pair.reader)
    ]
    # A bit with two users has its driver and the one reader.
    return sum(bit in driven and users[bit] == 2 for bit in inputs)


def check(name: str, board: Board, cells: Cells, lanes: int = 1) -> dict[str, int]:
    """The needs; CatgradError if the device has too few of anything, which names all of that.

    `lanes`: of a folded engine, which can do with fewer.
    """
    taken = needs(board, cells)
    short = [r for r in board.family.resources if taken[r.name] > board.capacity[r.name]]
    if short:
        needed = [f"{taken[r.name]} {r.name} ({', '.join(r.cells)})" for r in short]
        there = [f"{board.capacity[r.name]} {r.name}" for r in short]
        fewer = (
            f"take fewer than {lanes} lanes, each of which has a multiplier, logic and block RAMs "
            f"of its own, "
        )
        raise CatgradError(
            f"{name} does not fit: it needs {' and '.join(needed)}, and the {board.title}'s "
            f"{board.device} has {' and '.join(there)}; {fewer if lanes > 1 else ''}make the model "
            f"or its formats smaller, or choose a larger board."
        )
    return taken
