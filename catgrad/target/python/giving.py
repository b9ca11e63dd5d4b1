"""Arguments that are given away: arrays that the caller has made, and reads no more.

A function may write its results over them, which takes memory for one array less::

    change = x.T @ error                    def rule(change, state):
    new, state = rule(change, state)            new_state = state + change
                                                new = np.multiply(change, 0.1, out=change)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from catgrad.core import operation as ops
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignments
from catgrad.target.python.folding import Arithmetic
from catgrad.target.python.kinds import Kind
from catgrad.target.python.nouns import Contraction
from catgrad.target.python.strands import SMALL

CALL = Kind(Definition)
MAKING = Kind(
    Arithmetic
    | Contraction
    | ops.Concatenate
    | ops.NAdd
    | ops.Reduce
    | ops.ScatterAdd
    | ops.Sum
    | ops.Unary
)
"""Operations whose results are arrays of their own."""


class Gifts:
    """What the calls in a program give away.

    Where most calls of a function give an array away, those that do not give a copy of theirs, if
    it is small: so that one function does for all.
    """

    def __init__(self, program: Assignments) -> None:
        self._program, self._uses = program, program.uses()
        self._writers = program.writers()
        self._calls: defaultdict[int, list[Sequence[int]]] = defaultdict(list)
        for operation, operands, _ in program.body:
            if CALL.has(operation):
                self._calls[id(operation)].append(operands)

    def places(
        self, operation: object, owned: Callable[[object], tuple[bool, ...]]
    ) -> frozenset[int]:
        """The places of the arguments that the calls of a definition give away.

        `owned` tells which results of a definition are arrays that no one else knows of.
        """
        places = enumerate(zip(*self._calls[id(operation)], strict=True))
        return frozenset(i for i, wires in places if self._are_gifts(wires, owned))

    def _are_gifts(self, wires: Sequence[int], owned: Callable[[object], tuple[bool, ...]]) -> bool:
        if not all(self._is_made(wire, owned) for wire in wires):
            return False
        read = [wire for wire in wires if self._uses[wire] > 1]
        small = all(self._program.types[wire].size <= SMALL for wire in read)
        return not read or (small and 2 * len(read) < len(wires))

    def _is_made(self, wire: int, owned: Callable[[object], tuple[bool, ...]]) -> bool:
        """Whether the program has made an array, and has no views of it."""
        writer = self._writers.get(wire)
        if writer is None or MAKING.has(writer.operation):
            return writer is not None
        whose = owned(writer.operation) if CALL.has(writer.operation) else ()
        return dict(zip(writer.results, whose, strict=False)).get(wire, False)
