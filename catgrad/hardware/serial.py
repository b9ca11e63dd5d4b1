"""Serial machines as hardware: what they refuse, and what they consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import Integers
from catgrad.hardware.report import Report, common
from catgrad.hdl.multiply_accumulate import OPERAND_BITS, TOTAL_BITS
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.text import plural
from catgrad.layers.order import rates
from catgrad.learner import Learner


def require_zeros(names: Sequence[str], memory: Sequence[Integers]) -> None:
    """CatgradError unless a model begins with a memory of zeros, which is what a reset leaves."""
    for name, numbers in zip(names, memory, strict=True):
        for number in np.ravel(numbers)[np.flatnonzero(np.ravel(numbers))][:1]:
            raise CatgradError(
                f"A serial machine begins with a memory of zeros, but memory {name} has the number "
                f"{number} at first; let it begin with 0, or use Folded(lanes=1)."
            )


@dataclass(frozen=True)
class SerialReport(Report):
    """That of a serial machine.

    - `products`: formed for each sample, of `sums` sums; `idle`: cycles in which none is formed,
      since a number is not there yet
    - `total_bits`: of the accumulator; `roundings`: in how many ways sums are rounded
    - `words`: of `width` bits, in the ring; `memory_bits`: of that, of the program and of the
      parameters
    - `in_block`: whether the accumulator is in the multiplier block
    """

    products: int
    sums: int
    idle: int
    total_bits: int
    roundings: int
    words: int
    width: int
    memory_bits: int
    in_block: bool

    def __str__(self) -> str:
        where = "in the multiplier block" if self.in_block else "in logic"
        return (
            f"{self.parameters} parameters; {self.core_operations} array operations as "
            f"{plural(self.sums, 'sum')} of {plural(self.products, 'product')} on "
            f"{self.multipliers} multiplier, rounded in {plural(self.roundings, 'way')}; latency "
            f"{self.latency} cycles, one sample every {self.interval} cycles, {self.idle} of them "
            f"idle; totals of {self.total_bits} bits {where}; a ring of {self.words} numbers of "
            f"{self.width} bits, {self.memory_bits:,} bits of memory in all; it only predicts"
            f"{self.remarks()}"
        )


def serial_report(
    learner: Learner,
    program: OpenHypergraph,
    kept: Sequence[NdArrayType],
    machine: SerialFilter,
) -> SerialReport:
    """The report of a serial machine; `kept` are its parameters and its memory."""
    steps, sums = machine.program, machine.program.timetable.sums
    known = common(learner, program, kept)
    known["notes"] = (*known["notes"], *rule_notes(learner), *total_notes(machine))
    return SerialReport(
        **known,
        multipliers=1,
        latency=machine.latency,
        interval=machine.interval,
        products=sums.products,
        sums=len(sums.sums),
        idle=machine.interval - sums.products,
        total_bits=machine.total_bits,
        roundings=len(steps.posts),
        words=steps.words,
        width=machine.width,
        memory_bits=machine.memory_bits,
        in_block=machine.in_block,
    )


def rule_notes(learner: Learner) -> tuple[str, ...]:
    """What to say of a learning rule that is given to a machine that only predicts."""
    if not any(rates(learner.rule).values()):
        return ()
    note = (
        "the learning rule has no part in it, since a serial machine only predicts; its parameters "
        "are those that are loaded"
    )
    return (note,)


def total_notes(machine: SerialFilter) -> tuple[str, ...]:
    """What to say of a machine for a family whose block does not hold its sums."""
    if machine.family is None or machine.in_block:
        return ()
    note = (
        f"the multiplier is left to synthesis, since factors of {machine.width} and "
        f"{machine.factor_width} bits with totals of {machine.total_bits} do not fit a block, "
        f"which has {OPERAND_BITS} for each factor and {TOTAL_BITS} for totals"
    )
    return (note,)
