"""Names for the wires of a program, by what computes them and what becomes of them.

A *stem* is the name that a wire would have if it were alone. Stems are guesses at what a person
would write; nothing but readability depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.core import operation as ops
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition, Named
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.names import snake_case

NOUNS = {
    "Abs": "magnitude",
    "Add": "total",
    "ArgMax": "index",
    "Broadcast": "spread",
    "Compose": "weighted",
    "Concatenate": "joined",
    "Constant": "constant",
    "Convert": "converted",
    "Cos": "cosine",
    "Divide": "ratio",
    "Eq": "equal",
    "Exp": "exponential",
    "Fold": "folded",
    "Gather": "rows",
    "Ge": "at_least",
    "Gt": "greater",
    "Invert": "inverse",
    "Iota": "positions",
    "Le": "at_most",
    "Log": "logarithm",
    "Lt": "less",
    "Mask": "masked",
    "MatrixMultiply": "product",
    "Maximum": "larger",
    "Minimum": "smaller",
    "Multiply": "product",
    "NAdd": "total",
    "NConcatenate": "stacked",
    "NCopy": "spread",
    "NMax": "greatest",
    "NSplit": "part",
    "Ne": "unequal",
    "Negate": "negative",
    "OneHot": "one_hot",
    "Pad": "padded",
    "Permute": "permuted",
    "Power": "power",
    "Reciprocal": "reciprocal",
    "ReciprocalSqrt": "scale",
    "ReduceMax": "greatest",
    "ReduceMin": "least",
    "ReduceProduct": "product",
    "ReduceSum": "total",
    "Repeat": "spread",
    "Requantise": "requantised",
    "Reshape": "reshaped",
    "ScatterAdd": "table",
    "Select": "selected",
    "Sign": "sign",
    "Sin": "sine",
    "Slice": "part",
    "Sqrt": "root",
    "Subtract": "difference",
    "Sum": "total",
    "Tanh": "activated",
    "Window": "windows",
}
"""What the result of each operation is called where nothing better is known."""

SLOPE = 4
"""Operations that a slope is made of, at most: ``s * (1 - s)`` is a product and a difference."""

Shaping = ops.Broadcast | ops.NCopy | ops.Permute | ops.Reshape
Relaying = ops.Requantise | ops.InRange | Shaping
Contraction = ops.Compose | ops.MatrixMultiply
Adding = ops.Sum | ops.Add
Activating = ops.Gt | ops.InRange | Definition


class Stems:
    """The stem of each wire.

    - ``seeds``: positions of the arguments from which changes flow back (targets, or the change
      of an output). What depends on one is a gradient, named after the wire that it belongs to.
    - ``hints``: names that wires get from what becomes of them
    """

    def __init__(
        self,
        program: Assignments,
        arguments: Sequence[str],
        results: Sequence[str],
        seeds: Sequence[int] = (),
    ) -> None:
        self.program = program
        self.writers = program.writers()
        self.readers = program.readers()
        self.stems = dict(zip(program.arguments, arguments, strict=True))
        self.arguments = frozenset(program.arguments)
        self.results = frozenset(program.results)
        self.seeds = frozenset(program.arguments[i] for i in seeds)
        self.backward = set(self.seeds)
        for assignment in program.body:
            if not self.backward.isdisjoint(assignment.operands):
                self.backward.update(assignment.results)
        self.hints: dict[int, str] = {}
        for wire, name in zip(program.results, results, strict=False):
            self.hint(wire, name)
        for wire in program.results:
            self._hint_update(wire)
        for assignment in program.body:
            self._hint_prediction(assignment)
        for assignment in program.body:
            for wire in assignment.results:
                self.stems[wire] = self.hints.get(wire) or self._stem(assignment)
            if isinstance(assignment.operation, Named) and len(assignment.results) > 1:
                self._name_parts(assignment, assignment.operation)

    def _name_parts(self, assignment: Assignment, operation: Named) -> None:
        """Name several results of a function after what it calls them itself."""
        ending = self._number(assignment.operands)
        for wire, name in zip(assignment.results, operation.results, strict=False):
            if wire in self.hints:
                continue
            name = name.rstrip("0123456789").rstrip("_")
            if name.startswith("d_"):
                name = f"{name[2:]}_gradient"
            elif len(name) == 1:
                name = operation.symbol().removesuffix("_forward")
            self.stems[wire] = name + ending

    def name(self, wire: int) -> str:
        """What to call a wire: its stem, told apart from that of the wire that it is rounded to."""
        stem = self.stems[wire]
        if not self.program.is_fixed_point:
            return stem
        writer = self.writers[wire].operation
        if isinstance(writer, ops.InRange) and wire not in self.hints:
            return f"{stem}_fits"
        readers = self.readers.get(wire, [])
        is_rounded = any(
            isinstance(reader.operation, ops.Requantise) and self.stems[reader.results[0]] == stem
            for reader in readers
        )
        return f"{stem}_exact" if is_rounded else stem

    def is_telling(self, wire: int) -> bool:
        """Whether the name of a wire tells a reader more than the expression behind it."""
        return wire in self.results or self.stems[wire].endswith(("gradient", "error"))

    def hint(self, wire: int, name: str) -> None:
        """Name a wire, and the exact value that it is rounded from."""
        if wire in self.arguments or wire in self.hints:
            return
        self.hints[wire] = name
        writer = self.writers.get(wire)
        if writer and isinstance(writer.operation, ops.Requantise):
            self.hint(writer.operands[0], name)

    def _hint_update(self, wire: int) -> None:
        """Where a result is an argument less a step, name the step, and the gradient behind it."""
        update = self._unrounded(wire)
        if update is None or not isinstance(update.operation, ops.Subtract | ops.Add):
            return
        old, step = update.operands
        if old not in self.arguments or step not in self.backward or step in self.seeds:
            return
        scaled = self._unrounded(step)
        if scaled and isinstance(scaled.operation, ops.Multiply):
            self.hint(step, f"{self.stems[old]}_step")
            step = next(w for w in scaled.operands if w in self.backward)
        self.hint(step, f"{self.stems[old]}_gradient")

    def _hint_prediction(self, assignment: Assignment) -> None:
        """Name what the targets are subtracted from."""
        if self._is_error(assignment):
            for wire in assignment.operands:
                if wire not in self.backward:
                    self.hint(wire, "prediction")

    def _is_error(self, assignment: Assignment) -> bool:
        return isinstance(assignment.operation, ops.Subtract) and not self.seeds.isdisjoint(
            assignment.operands
        )

    def _unrounded(self, wire: int) -> Assignment | None:
        """The operation behind a wire, roundings aside."""
        writer = self.writers.get(wire)
        while writer and isinstance(writer.operation, ops.Requantise):
            writer = self.writers.get(writer.operands[0])
        return writer

    def _stem(self, assignment: Assignment) -> str:
        operation, operands = assignment.operation, assignment.operands
        if isinstance(operation, Relaying):
            return self._relayed(assignment)
        if counts := self._saturations(assignment):
            return counts
        if self.backward.isdisjoint(operands):
            return self._noun(assignment) + self._number(operands)
        return self._gradient(assignment)

    def _relayed(self, assignment: Assignment) -> str:
        operation, [wire] = assignment.operation, assignment.operands
        for reader in self.readers.get(assignment.results[0], []):
            if isinstance(reader.operation, ops.Lookup):
                return f"{snake_case(reader.operation.name)}_index"
        stem = self.stems[wire]
        if wire not in self.arguments or isinstance(operation, ops.InRange):
            return stem
        return f"{stem}_{NOUNS[type(operation).__name__]}"

    def _saturations(self, assignment: Assignment) -> str | None:
        """What counts the values of a wire that are out of range, or adds up such counts."""
        operation, operands = assignment.operation, assignment.operands
        if isinstance(operation, ops.Gt):
            fits = self.writers.get(operands[1])
            if fits and isinstance(fits.operation, ops.InRange):
                return f"{self.stems[operands[1]]}_saturations"
        elif isinstance(operation, Adding):
            stems = [self.stems[wire] for wire in operands]
            if all(stem.endswith("saturations") for stem in stems):
                return stems[0] if len(stems) == 1 else "saturations"
        return None

    def _number(self, operands: Sequence[int]) -> str:
        """The number that the last numbered operand ends in: a layer's, say."""
        for wire in reversed(operands):
            _, _, number = self.stems[wire].rpartition("_")
            if number.isdecimal():
                return f"_{number}"
        return ""

    def _noun(self, assignment: Assignment) -> str:
        operation, operands = assignment.operation, assignment.operands
        writers = [self.writers.get(wire) for wire in operands]
        kinds = [writer.operation if writer else None for writer in writers]
        match operation:
            case Kernel() if operation.results:
                return operation.results[0]
            case Definition():
                types = self.program.types
                same = [types[w] for w in operands] == [types[w] for w in assignment.results]
                return "activated" if same else snake_case(operation.symbol())
            case ops.Lookup():
                return "activated"
            case ops.Add() if any(isinstance(kind, ops.Broadcast) for kind in kinds):
                # A float contraction is folded into the sum; the name says what it is all of.
                folded = any(isinstance(kind, Contraction) for kind in kinds)
                return "weighted" if folded and operation.T.is_floating else "biased"
            case ops.Multiply() if any(isinstance(kind, ops.Constant) for kind in kinds):
                return "scaled"
            case ops.Multiply() if any(isinstance(kind, ops.Subtract) for kind in kinds):
                return "slope"
            case ops.Subtract() if isinstance(kinds[0], ops.Constant):
                return "complement"
            case ops.Gt() if isinstance(kinds[1], ops.Constant) and kinds[1].x == 0:
                return "positive"
            case ops.Mask() if isinstance(kinds[1], ops.Gt):
                return "activated"
            case ops.Power() if isinstance(kinds[0], ops.Constant):
                return "exponential"
        return NOUNS.get(type(operation).__name__, "value")

    def _gradient(self, assignment: Assignment) -> str:
        operation, operands = assignment.operation, assignment.operands
        if self._is_error(assignment):
            return "error"
        backward = [wire for wire in operands if wire in self.backward]
        forward = [wire for wire in operands if wire not in self.backward]
        of = None
        if isinstance(operation, Contraction):
            of = self._partner(forward)
        elif len(backward) == 1:
            of = self._activated(forward)
            mask = self.writers.get(forward[-1]) if of else None
            if mask and isinstance(mask.operation, ops.InRange):
                of = f"{of}_exact"
        elif len({self.stems[wire] for wire in backward}) == 1:
            return self.stems[backward[0]]
        return f"{of}_gradient" if of else "gradient"

    def _partner(self, forward: Sequence[int]) -> str | None:
        """The stem of what a transposed operand was multiplied with on the way forward."""
        for wire in forward:
            permuted = self.writers.get(wire)
            if permuted and isinstance(permuted.operation, ops.Permute):
                [operand] = permuted.operands
                for reader in self.readers[operand]:
                    if isinstance(reader.operation, Contraction) and self.backward.isdisjoint(
                        reader.operands
                    ):
                        others = [w for w in reader.operands if w != operand]
                        return self.stems.get(others[0]) if others else None
        return None

    def _activated(self, forward: Sequence[int]) -> str | None:
        """The stem of the wire behind a slope or a mask: what the activation was applied to."""
        for wire in forward:
            writer = self.writers.get(wire)
            for _ in range(SLOPE):
                if not writer:
                    break
                if isinstance(writer.operation, Activating):
                    return self.stems[writer.operands[0]]
                if isinstance(writer.operation, ops.Lookup):
                    index = self.writers.get(writer.operands[0])
                    return self.stems[index.operands[0]] if index and index.operands else None
                behind = [self.writers[w] for w in writer.operands if w in self.writers]
                writer = next((w for w in behind if w.operands), None)
        return None
