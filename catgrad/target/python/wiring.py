"""Ways along the wires of a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catgrad.core import operation as ops
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.nouns import Shaping


class Wiring:
    """Who writes and who reads each wire of a program, also from further away."""

    def __init__(self, program: Assignments) -> None:
        self.writers, self.readers = program.writers(), program.readers()

    def reads(self, wire: int) -> Iterator[tuple[int, Assignment]]:
        """Who reads a wire, also in another shape, and as which wire."""
        for reader in self.readers.get(wire, []):
            if isinstance(reader.operation, Shaping):
                yield from self.reads(reader.results[0])
            else:
                yield wire, reader

    def base(self, wire: int) -> int:
        """The wire that another is in another shape."""
        writer = self.writers.get(wire)
        while writer and isinstance(writer.operation, Shaping):
            [wire] = writer.operands
            writer = self.writers.get(wire)
        return wire

    def unrounded(self, wire: int) -> Assignment | None:
        """The operation behind a wire, roundings aside."""
        writer = self.writers.get(wire)
        while writer and isinstance(writer.operation, ops.Requantise):
            writer = self.writers.get(writer.operands[0])
        return writer

    def whole(self, wire: int) -> Assignment | None:
        """The operation behind a wire, or behind the array of which it is a part."""
        writer = self.unrounded(wire)
        while writer and isinstance(writer.operation, ops.Slice | ops.Reshape):
            writer = self.unrounded(writer.operands[0])
        return writer

    def parts(self, wire: int) -> Sequence[int]:
        """The arrays that stand one after the other in a wire, if it is made of such."""
        writer = self.unrounded(wire)
        return writer.operands if writer and isinstance(writer.operation, ops.Concatenate) else ()

    def is_total(self, wire: int) -> bool:
        """Whether a wire is a sum over axes, also in another shape."""
        writer = self.writers.get(self.base(wire))
        return writer is not None and isinstance(writer.operation, ops.NAdd | ops.ReduceSum)
