"""The check that bodies compute what phases say, on numbers of all sizes.

Cycles and places are proved; arithmetic is tried: at the ends of all formats, at 0, and between.
"""

from __future__ import annotations

from random import Random

import numpy as np

from catgrad.circuit.evaluate import Evaluator
from catgrad.circuit.format import Integers
from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.folded.machine import Machine
from catgrad.folded.phase import Phase
from catgrad.kernel.evaluate import evaluate_scalars
from catgrad.kernel.meaning import numpy_dtype

_POINTS = 24


def arithmetic(machine: Machine) -> None:
    """Each body gives what the body of its phase gives."""
    evaluators = [Evaluator(body.netlist) for body in machine.bodies]
    for instruction in machine.instructions:
        phase = machine.phases.phases[instruction.phase]
        evaluator = evaluators[instruction.body]
        taken = [T.fixed for T in phase.body.source]
        totals = int(phase.total is not None)
        for port in evaluator.netlist.inputs:
            own = taken[:totals] if port.name == "total" else taken[totals:]
            for given, format in zip(own, port.formats, strict=True):
                if given.min < format.min or given.max > format.max:
                    raise CatgradError(
                        f"Phase {phase.name} gives {given} to its body, which takes {format}; "
                        f"choose the body of the phase."
                    )
        random = Random(instruction.phase)
        numbers = [_numbers(format, random) for format in taken]
        wanted = evaluate_scalars(phase.body, numbers, (_POINTS,))
        _same(phase, evaluator, numbers, [np.broadcast_to(x, (_POINTS,)) for x in wanted])


def _same(
    phase: Phase, evaluator: Evaluator, numbers: list[Integers], wanted: list[Integers]
) -> None:
    totals = int(phase.total is not None)
    none = np.zeros((_POINTS, 0), np.int64)
    given = {
        name: np.stack(some, axis=-1) if some else none
        for name, some in (("total", numbers[:totals]), ("operands", numbers[totals:]))
    }
    found = evaluator({port.name: given[port.name] for port in evaluator.netlist.inputs})
    shown = {
        "stores": [store.output for store in phase.stores],
        "forward": [event.output for event in phase.events if not event.learning],
        "learning": [event.output for event in phase.events if event.learning],
    }
    for name, outputs in shown.items():
        for element, output in enumerate(outputs):
            wrong = np.flatnonzero(found[name][:, element] != wanted[output])
            if wrong.size:
                at = wrong[0]
                raise CatgradError(
                    f"From {[int(column[at]) for column in numbers]} the body of phase "
                    f"{phase.name} makes {found[name][at, element]} for element {element} of "
                    f"{name}, not {wanted[output][at]}; choose the body of the phase."
                )


def _numbers(format: Fixed, random: Random) -> Integers:
    """Numbers of a format: its ends, 0, and random ones of all sizes, in any order."""
    ends = [format.min, format.max, 0]
    sizes = [random.randrange(format.width) for _ in range(_POINTS - len(ends))]
    numbers = ends + [random.randint(format.min, format.max) >> size for size in sizes]
    random.shuffle(numbers)
    return np.array(numbers, dtype=numpy_dtype(NdArrayType((), format)))
