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


def check(name: str, board: Board, cells: Cells) -> dict[str, int]:
    """The needs; CatgradError if the device has too few of anything."""
    taken = needs(board, cells)
    for resource in board.family.resources:
        need, have = taken[resource.name], board.capacity[resource.name]
        if need > have:
            types = ", ".join(resource.cells)
            raise CatgradError(
                f"{name} does not fit: it needs {need} {resource.name} ({types}) and the "
                f"{board.title}'s {board.device} has {have}; make the model or its formats "
                f"smaller, or choose a larger board."
            )
    return taken
