"""Which numbers of a program may be infinite, or none: where dividing by 0 could have led to them.

A mask is written as a product where its numbers are finite, which is several times as fast as a
choice, and as a choice elsewhere, since infinity times 0 is no number.

What is known of an array follows from the operations that lead to it, from the arguments on, which
are finite. Overflow and underflow are left out of account: `exp` is finite, and greater than 0.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

from catgrad.core import operation as ops
from catgrad.core.simplify import simplify
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition, extract_definitions
from catgrad.target.assignments import Assignments
from catgrad.target.python.kinds import Kind
from catgrad.target.python.special import PythonOp


class Sign(IntEnum):
    """What numbers are at least."""

    ANY = 0
    NOT_NEGATIVE = 1
    POSITIVE = 2

    @classmethod
    def of(cls, x: float) -> Sign:
        """The sign of a number."""
        return cls.POSITIVE if x > 0 else cls.NOT_NEGATIVE if x == 0 else cls.ANY


class Known(NamedTuple):
    """What is known of an array: whether its numbers are finite, and what they are at least.

    ``number`` is the one number throughout, where it is one.
    """

    is_finite: bool
    sign: Sign = Sign.ANY
    number: float | None = None


FINITE, UNKNOWN = Known(True), Known(False)

Rearranging = (
    ops.Broadcast
    | ops.NCopy
    | ops.Repeat
    | ops.Copy
    | ops.Reshape
    | ops.Permute
    | ops.NSplit
    | ops.NConcatenate
    | ops.Slice
    | ops.Concatenate
    | ops.Window
    | ops.ReduceMax
    | ops.ReduceMin
    | ops.NMax
    | ops.Convert
)
"""Operations whose results are numbers among their operands."""

REARRANGING = Kind(Rearranging)
COUNTING = Kind(ops.Comparison | ops.OneHot | ops.Iota | ops.ArgMax)
SUMMING = Kind(ops.ReduceSum | ops.Sum | ops.NAdd)
MULTIPLYING = Kind(ops.MatrixMultiply | ops.Compose | ops.ReduceProduct | ops.ScatterAdd | ops.Fold)
"""Operations whose results are not negative where no operand is."""

MASK, CALL = Kind(ops.Mask), Kind(Definition | Kernel | PythonOp)


class Finite:
    """What is known of the numbers in some programs, which are simplified, and in the definitions
    that they use."""

    def __init__(self, programs: Iterable[OpenHypergraph]) -> None:
        self._programs = list(programs)
        self._results: dict[Hashable, list[Known]] = {}

    @cached_property
    def _definitions(self) -> dict[Definition, OpenHypergraph]:
        """Callees first."""
        return extract_definitions(self._programs)

    def _prepare(self) -> None:
        """Note the results of all definitions, none of which then waits for another."""
        for x, f in self._definitions.items():
            if x not in self._results:
                self._of(x, f)

    @cached_property
    def calls(self) -> bool:
        """Whether definitions that have masks are given finite numbers wherever they are called."""
        self._prepare()
        masking: set[Hashable] = set()
        for x, f in self._definitions.items():
            if any(_masks(label) or label in masking for label in f.H.x.distinct()[0]):
                masking.add(x)
        programs = (*self._programs, *map(simplify, self._definitions.values()))
        return all(self._keeps(f) or self._calls(Assignments.of(f), masking) for f in programs)

    def risky_masks(self, program: Assignments, is_method: bool = False) -> set[int]:
        """The results of masks whose numbers may be infinite, in a method or a definition."""
        masks = [a for a in program.body if MASK.has(a.operation) and a.operation.T.is_floating]
        if not masks:
            return set()
        self._prepare()
        known = self._known(program, is_method or self.calls)
        return {a.results[0] for a in masks if not known[a.operands[0]].is_finite}

    def _keeps(self, f: OpenHypergraph) -> bool:
        """Whether each operation makes finite numbers of all that are finite."""
        for x in f.H.x.distinct()[0]:
            operands = [FINITE] * len(x.source())
            found = self._called(x, operands) if CALL.has(x) else [result(x, operands)]
            if not all(known.is_finite for known in found):
                return False
        return True

    def _calls(self, program: Assignments, masking: set[Hashable]) -> bool:
        calls = [a for a in program.body if CALL.has(a.operation)]
        calls = [a for a in calls if a.operation in masking or _masks(a.operation)]
        known = self._known(program, True) if calls else {}
        return all(known[wire].is_finite for a in calls for wire in a.operands)

    def _known(self, program: Assignments, given: bool) -> Mapping[int, Known]:
        """What is known of each wire."""
        known = dict.fromkeys(program.arguments, Known(given))
        for operation, operands, results in program.body:
            x = [known[wire] for wire in operands]
            if CALL.has(operation):
                known.update(zip(results, self._called(operation, x), strict=True))
            else:
                found = result(operation, x, len({*operands}) == 1)
                known.update(dict.fromkeys(results, found))
        return known

    def _called(self, operation: Hashable, x: Sequence[Known]) -> list[Known]:
        """The results of a definition on operands of which so much is known."""
        if operation not in self._results:
            self._of(operation, operation.arrow() if isinstance(operation, Definition) else None)
        finite = all(known.is_finite for known in x)
        found = self._results[operation]
        return [known._replace(is_finite=finite and known.is_finite) for known in found]

    def _of(self, operation: Hashable, f: OpenHypergraph | None) -> None:
        """Note the results of a definition on finite numbers."""
        if isinstance(operation, PythonOp):
            self._results[operation] = [UNKNOWN] * len(operation.target())
        elif isinstance(operation, Kernel):
            self._results[operation] = self._of_kernel(operation)
        elif f is not None:
            program = Assignments.of(simplify(f))
            known = self._known(program, True)
            self._results[operation] = [known[wire] for wire in program.results]

    def _of_kernel(self, kernel: Kernel) -> list[Known]:
        found = []
        for number in range(len(kernel.targets)):
            known = FINITE._replace(sign=Sign.NOT_NEGATIVE)  # where nothing is written
            for nest in kernel.nests:
                if nest.write.array == number:
                    program = Assignments.of(nest.body)
                    term = self._known(program, True)[program.results[0]]
                    known = Known(known.is_finite and term.is_finite, min(known.sign, term.sign))
            found.append(known)
        return found


def _masks(operation: object) -> bool:
    """Whether this is a mask, or a kernel that has one."""
    if isinstance(operation, Kernel):
        return any(MASK.has(x) for nest in operation.nests for x in nest.body.H.x.distinct()[0])
    return MASK.has(operation)


def result(operation: object, x: Sequence[Known], same: bool = False) -> Known:
    """What is known of the results of an operation; `same` where its operands are one array.

    >>> from catgrad.core.types import Dtype, NdArrayType
    >>> exp, log = (f(NdArrayType((), Dtype.float32)) for f in (ops.Exp, ops.Log))
    >>> result(log, [FINITE]).is_finite, result(log, [result(exp, [FINITE])]).is_finite
    (False, True)
    """
    finite = all(known.is_finite for known in x)
    signs = [known.sign for known in x]
    least, greatest = min(signs, default=Sign.ANY), max(signs, default=Sign.ANY)
    if REARRANGING.has(operation):
        return Known(finite, least, x[0].number if len(x) == 1 else None)
    if COUNTING.has(operation):
        return Known(True, Sign.NOT_NEGATIVE)
    if SUMMING.has(operation):
        return Known(finite, min(least, Sign.NOT_NEGATIVE) if not _terms(operation) else least)
    match operation:
        case ops.Constant(_, c):
            return Known(math.isfinite(c), Sign.of(c), c)
        case ops.Array(_, numbers):
            return Known(True, min(map(Sign.of, numbers), default=least))
        case ops.Add():
            return Known(finite, greatest if least else Sign.ANY)
        case ops.Multiply():
            return Known(finite, max(least, Sign.NOT_NEGATIVE) if same else least)
        case ops.Maximum():
            return Known(finite, greatest)
        case ops.Minimum():
            return Known(finite, least)
        case ops.Select():
            return Known(finite, min(signs[1:]))
        case ops.Mask():
            return Known(finite, min(signs[0], Sign.NOT_NEGATIVE))
        case ops.Abs():
            return Known(finite, max(least, Sign.NOT_NEGATIVE))
        case ops.Exp():
            return Known(finite, Sign.POSITIVE)
        case ops.Power():
            return _power(*x)
        case ops.Divide():
            return Known(finite and (signs[1] is Sign.POSITIVE or bool(x[1].number)), least)
        case ops.Log():
            return Known(finite and least is Sign.POSITIVE)
        case ops.Reciprocal() | ops.ReciprocalSqrt():
            return Known(finite and least is Sign.POSITIVE, least)
        case ops.Sqrt():
            return Known(finite and least >= Sign.NOT_NEGATIVE, least)
    return Known(finite, min(least, Sign.NOT_NEGATIVE) if MULTIPLYING.has(operation) else Sign.ANY)


def _power(base: Known, exponent: Known) -> Known:
    """A power of 0 is infinite where the exponent is negative, and one of -1 where it is broken."""
    finite, y = base.is_finite and exponent.is_finite, exponent.number
    if base.sign is Sign.POSITIVE:
        return Known(finite, Sign.POSITIVE)
    if y is None or y < 0:
        return Known(False, base.sign)
    if y != int(y):
        return Known(finite and base.sign is Sign.NOT_NEGATIVE, base.sign)
    return Known(finite, Sign.NOT_NEGATIVE if y % 2 == 0 else base.sign)


def _terms(operation: object) -> int:
    """How many numbers are added up for each result."""
    match operation:
        case ops.ReduceSum():
            return operation.terms
        case ops.Sum(_, N):
            return N.size
        case ops.NAdd(_, T):
            return T.size
    return 0
