"""Names for the wires of a program, by what computes them and what becomes of them.

A *stem* is the name that a wire would have if it were alone. Stems are guesses at what a person
would write; nothing but readability depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from catgrad.core import operation as ops
from catgrad.special.definition import Named
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.described import noun
from catgrad.target.python.kinds import Kind
from catgrad.target.python.names import plural, snake_case
from catgrad.target.python.nouns import Activating, Adding, Contraction, Relaying, Shaping, noun_of
from catgrad.target.python.relations import Relation, Relations, is_nameless
from catgrad.target.python.wiring import Wiring

LED_BACK = re.compile(r"gradient|error|^d_|^dy")
"""How gradients are called."""

SLOPE = 4
"""Operations that a slope is made of, at most: ``s * (1 - s)`` is a product and a difference."""

RELAYING, UPDATING, NAMED = Kind(Relaying), Kind(ops.Subtract | ops.Add), Kind(Named)


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
        known: Sequence[Relation] = (),
        relations: Callable[[object], Relations] = lambda _: Relations(),
        hints: Mapping[int, str] | None = None,
    ) -> None:
        self.program, self._relations = program, relations
        self._known = dict(zip(program.arguments, known, strict=False))
        self._wiring = Wiring(program)
        self._base = self._wiring.base
        self.writers, self.readers = self._wiring.writers, self._wiring.readers
        self.stems = dict(zip(program.arguments, arguments, strict=True))
        self.arguments = frozenset(program.arguments)
        self.results = frozenset(program.results)
        self.seeds = frozenset(program.arguments[i] for i in seeds)
        self.backward, self.targets = set(self.seeds), set(self.seeds)
        for assignment in program.body:
            if not self.backward.isdisjoint(assignment.operands):
                self.backward.update(assignment.results)
                if isinstance(assignment.operation, ops.OneHot):
                    self.targets.update(assignment.results)
        self.order = {wire: i for i, a in enumerate(program.body) for wire in a.results}
        self.order |= dict.fromkeys(program.arguments, -1)
        self.hints = {**(hints or {})}
        self._updates = set[int]()
        for wire, name in zip(program.results, results, strict=False):
            if not is_nameless(name):
                self.hint(wire, name)
        for wire in program.results:
            self._hint_update(wire)
        for seed in sorted(self.seeds):
            for assignment in self.readers.get(seed, ()):
                self._hint_prediction(assignment)
        self._hint_arguments()
        for assignment in program.body:
            operation, several = assignment.operation, len(assignment.results) > 1
            if several and isinstance(operation, Named) and operation.results:
                self._name_parts(assignment, operation)
                continue
            for wire in assignment.results:
                self.stems[wire] = self.hints.get(wire) or self._stem(assignment)

    def _hint_arguments(self) -> None:
        """Name what one function alone reads, several times, as this function does."""
        for wire, readers in self.readers.items():
            if len(readers) < 2 or not all(NAMED.has(reader.operation) for reader in readers):
                continue
            found = {
                (reader.operation.symbol(), name)
                for reader in readers
                for read, name in zip(reader.operands, reader.operation.arguments, strict=False)
                if read == wire
            }
            if len(found) == 1:
                [(_, name)] = found
                if not is_nameless(name):
                    self.hint(wire, name)

    def _name_parts(self, assignment: Assignment, operation: Named) -> None:
        """Name several results of a function after what it calls them itself."""
        ending = self._number(assignment.operands)
        given = self._given(assignment, operation)
        found = self._relations(operation).results
        for i, (wire, name) in enumerate(zip(assignment.results, operation.results, strict=False)):
            if wire in self.hints:
                self.stems[wire] = self.hints[wire]
                continue
            if is_nameless(name) and found:
                name = found[i].name
            name = name.rstrip("0123456789").rstrip("_")
            if name.startswith("d_"):
                if name[2:] in given:
                    self.stems[wire] = f"{given[name[2:]]}_gradient"
                    continue
                name = f"{name[2:]}_gradient"
            elif len(name) == 1:
                name = operation.symbol().removesuffix("_forward")
            self.stems[wire] = name + ending

    def _given(self, assignment: Assignment, operation: Named) -> dict[str, str]:
        """The stems of the arguments of a function, and of the one whose results it reads, by the
        names that they have in the function."""
        given: dict[str, str] = {}
        for name, wire in zip(operation.arguments, assignment.operands, strict=False):
            writer = self.writers.get(wire) if is_nameless(name) else None
            if writer and isinstance(writer.operation, Named):
                given |= self._called(writer.operation, writer.operands)
        return given | self._called(operation, assignment.operands)

    def _called(self, operation: Named, operands: Sequence[int]) -> dict[str, str]:
        """The stems of the operands of a function by the names that it has for them."""
        stems = [self.stems[wire] for wire in operands]
        return dict(zip(operation.arguments, stems, strict=False))

    def relations(self, names: Sequence[str], returned: Sequence[str]) -> Relations:
        """What is known of the arguments and results, the latter called `names` outside."""
        return Relations(
            [self._relation(wire) for wire in self.program.arguments],
            [
                self._relation(wire, text if is_nameless(name) and text.isidentifier() else "")
                for wire, name, text in zip(self.program.results, names, returned, strict=False)
            ],
        )

    def _relation(self, wire: int, name: str = "") -> Relation:
        found = Relation(name)
        for read, reader in self._wiring.reads(wire):
            others = [self.stems[self._base(other)] for other in reader.operands if other != read]
            if others and isinstance(reader.operation, Contraction) and not found.outcome:
                found = replace(found, partner=others[0], outcome=self.stems[reader.results[0]])
            elif others and isinstance(reader.operation, ops.Multiply) and not found.factor:
                found = replace(found, factor=others[0])
        return found

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
        update = self._wiring.whole(wire)
        if update is None or not UPDATING.has(update.operation):
            return
        if update.results[0] in self._updates:
            return  # another part of which has been named
        self._updates.add(update.results[0])
        old, step = update.operands
        parts = [] if old in self.arguments else self._wiring.parts(old)
        taken = {self._base(part) for part in parts} or {old}
        if step not in self.backward or step in self.seeds or not taken <= self.arguments:
            return
        names = [self.stems[self._base(part)] for part in parts]
        name = plural(names) if names else self.stems[old]
        if names:
            self.hint(old, name)
            self.hint(update.results[0], f"new_{name}")
        scaled = self._wiring.unrounded(step)
        if scaled and isinstance(scaled.operation, ops.Multiply):
            self.hint(step, f"{name}_step")
            step = next(w for w in scaled.operands if w in self.backward)
        gradient = self._behind_direction(step)
        if gradient is not None:
            self.hint(step, "directions" if names else f"{name}_direction")
            step = gradient
        self._hint_gradient(step, "gradients" if names else f"{name}_gradient")
        for part, parameter in zip(self._wiring.parts(step), names, strict=False):
            self._hint_gradient(part, f"{parameter}_gradient")

    def _hint_gradient(self, wire: int, name: str) -> None:
        """Name a gradient, and what it is in another shape."""
        self.hint(wire, name)
        writer = self._wiring.unrounded(wire)
        while writer and isinstance(writer.operation, ops.Reshape | ops.Permute):
            [wire] = writer.operands
            if wire in self.backward:
                self.hint(wire, name)
            writer = self._wiring.unrounded(wire)

    def _behind_direction(self, step: int) -> int | None:
        """The gradient whose mean over time a rule divides to find a direction."""
        writer = self._wiring.unrounded(step)
        if writer and isinstance(writer.operation, Named):
            called = dict(zip(writer.operation.arguments, writer.operands, strict=False))
            return called.get("gradient")
        if writer and isinstance(writer.operation, ops.Add):  # of a direction and a decay
            found = (self._behind_direction(w) for w in writer.operands if w in self.backward)
            return next((wire for wire in found if wire is not None), None)
        if not writer or not isinstance(writer.operation, ops.Divide | ops.Sign):
            return None
        mean = self._wiring.unrounded(writer.operands[0])
        for wire in mean.operands if mean and isinstance(mean.operation, ops.Add) else ():
            if wire in self.backward:
                scaled = self._wiring.unrounded(wire)
                if scaled and isinstance(scaled.operation, ops.Multiply):
                    return next((w for w in scaled.operands if w in self.backward), None)
                return wire
        return None

    def _hint_prediction(self, assignment: Assignment) -> None:
        """Name what the targets are subtracted from."""
        if self._is_error(assignment):
            for wire in assignment.operands:
                if wire not in self.backward:
                    self.hint(wire, "prediction")

    def _is_error(self, assignment: Assignment) -> bool:
        read = self.targets.intersection(assignment.operands)
        reads_target = any(not LED_BACK.search(self.stems[wire]) for wire in read)
        return reads_target and isinstance(assignment.operation, ops.Subtract)

    def _stem(self, assignment: Assignment) -> str:
        operation, operands = assignment.operation, assignment.operands
        if RELAYING.has(operation):
            return self._relayed(assignment)
        if self.program.is_fixed_point and (counts := self._saturations(assignment)):
            return counts
        if self.backward.isdisjoint(operands):
            return noun(assignment, self._wiring, self.program.types) + self._number(operands)
        return self._gradient(assignment)

    def _relayed(self, assignment: Assignment) -> str:
        operation, [wire] = assignment.operation, assignment.operands
        for reader in self.readers.get(assignment.results[0], []):
            if isinstance(reader.operation, ops.Lookup):
                return f"{snake_case(reader.operation.name)}_index"
        stem = self.stems[wire]
        if wire not in self.arguments or isinstance(operation, ops.InRange):
            return stem
        return f"{stem}_{noun_of(operation)}"

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
        """The number that the last numbered argument ends in, or operand: a layer's, say."""
        last = operands[::-1]
        for wire in (*filter(self.arguments.__contains__, last), *last):
            if wire in self._known and self._known[wire].name:
                continue  # a number that only tells two names apart
            _, _, number = self.stems[wire].rpartition("_")
            if number.isdecimal():
                return f"_{number}"
        return ""

    def _is_led_back(self, assignment: Assignment) -> bool:
        """Whether a result is a gradient, and not what a rule makes of one."""
        operation, operands = assignment.operation, assignment.operands
        if isinstance(operation, ops.Multiply) and operands[0] == operands[1]:
            return False
        stems = [self.stems[wire] for wire in operands if wire in self.backward]
        if isinstance(operation, ops.Add) and len(stems) < len(operands):
            return False  # a gradient and what does not depend on one: a mean over time, a decay
        return any(LED_BACK.search(stem) for stem in stems)

    def _gradient(self, assignment: Assignment) -> str:
        operation, operands = assignment.operation, assignment.operands
        if self._is_error(assignment):
            return "error"
        if isinstance(operation, ops.OneHot) or not self._is_led_back(assignment):
            return noun(assignment, self._wiring, self.program.types)
        backward = [wire for wire in operands if wire in self.backward]
        forward = [wire for wire in operands if wire not in self.backward]
        of = None
        if isinstance(operation, ops.NAdd | ops.ReduceSum):
            return f"{self.stems[backward[0]]}_total"
        if isinstance(operation, Contraction):
            of = self._partner(forward)
            if not of and forward and len(self.program.types[self._base(forward[0])].shape) == 1:
                return f"{self.stems[self._base(backward[0])]}_total"
        elif len(backward) == 1:
            of = self._activated(forward)
            mask = self.writers.get(forward[-1]) if of else None
            if mask and isinstance(mask.operation, ops.InRange):
                of = f"{of}_exact"
        elif len({self.stems[wire] for wire in backward}) == 1:
            return self.stems[backward[0]]
        elif isinstance(operation, ops.Add):  # of what is nearest to the arguments
            return self.stems[max(backward, key=self.order.__getitem__)]
        of = of or self._outcome(assignment) or self._factor(operation, backward, forward)
        if not of and self._keeps(operation, forward):
            return self.stems[backward[0]]
        return f"{of}_gradient" if of else "gradient"

    def _keeps(self, operation: object, forward: Sequence[int]) -> bool:
        """Whether a gradient is still that of the same wire after an operation."""
        if isinstance(operation, ops.Multiply) and forward:
            writer = self.writers.get(self._base(forward[0]))
            return writer is not None and isinstance(writer.operation, ops.Constant)
        return isinstance(operation, ops.Subtract)

    def _factor(
        self, operation: object, backward: Sequence[int], forward: Sequence[int]
    ) -> str | None:
        """The stem of what was multiplied, number by number, with what a gradient is."""
        if not isinstance(operation, ops.Multiply) or len(backward) != 1 or not forward:
            return None
        writer = self.writers.get(backward[0])
        if writer and isinstance(writer.operation, Shaping):
            return None
        relation = self._known.get(self._base(forward[0]))
        return relation.factor if relation else None

    def _outcome(self, assignment: Assignment) -> str:
        """The stem of the contraction that a gradient is led back through."""
        for read, reader in self._wiring.reads(assignment.results[0]):
            if isinstance(reader.operation, Contraction):
                for other in reader.operands:
                    relation = self._known.get(self._base(other))
                    if other != read and relation and relation.outcome:
                        return relation.outcome
        return ""

    def _partner(self, forward: Sequence[int]) -> str | None:
        """The stem of what a transposed operand was multiplied with on the way forward."""
        for wire in forward:
            relation = self._known.get(self._base(wire))
            if relation and relation.partner:
                return relation.partner
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
