"""What a machine costs, in cycles: exact numbers, since every cycle of it is known."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from catgrad.folded.machine import Machine
from catgrad.folded.streaming import interval
from catgrad.folded.traffic import runs


@dataclass(frozen=True)
class Cycles:
    """The cycles of a machine.

    - ``predict``, ``train``: from one sample to the next, as `catgrad.folded.streaming` counts them
    - ``latency``: from the first issue of a sample until its whole prediction is stored
    - ``issue``: cycles of a training step in which a phase is issued
    - ``multiplications``: multiply-accumulates of a training step
    - ``use``: the part of all lanes and cycles of training that multiplies
    """

    predict: int
    train: int
    latency: int
    issue: int
    multiplications: int
    use: float


def machine_cycles(machine: Machine) -> Cycles:
    """The cycles of a machine, read off its program."""
    predict, train = interval(machine, False), interval(machine, True)
    phases = machine.phases
    latency = max(
        run.start + int(use.cycle.max()) + 1
        for run in runs(machine, (False,))
        for use in run.traffic.station("store")
        if phases.arrays[use.place.array].kind == "prediction"
    )
    multiplications = phases.multiplications
    return Cycles(
        predict=predict,
        train=train,
        latency=latency,
        issue=sum(prod(instruction.loops) for instruction in machine.instructions),
        multiplications=multiplications,
        use=multiplications / (machine.lanes * train),
    )
