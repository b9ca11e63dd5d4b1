"""Phases as text, for people: one paragraph each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType
from catgrad.folded.phase import Array, Phase, Phases, Place
from catgrad.kernel.batches import batches

KEPT, REDUCED = "ijklmn", "rstuvw"
"""What the loops are called."""

INFIX: dict[type, str] = {
    ops.Add: "+",
    ops.Subtract: "-",
    ops.Multiply: "*",
    ops.Mask: "if",
    ops.Gt: ">",
    ops.Ge: ">=",
    ops.Lt: "<",
    ops.Le: "<=",
    ops.Eq: "==",
    ops.Ne: "!=",
}
"""The operations that stand between their operands."""


def describe(phases: Phases) -> str:
    """All phases, one paragraph each: its loops, what it computes at each point, where that goes.

    1. x * weights_1: for i < 32
      total = sum over r < 64 of x[r] * weights_1[i + 32 r]    SQ(14,24)
      a = total + bias_1[i]    SQ(15,24)
      temporary_1[i] = a
    """
    return "\n".join(
        "\n".join(paragraph(phases, number, phase)) + "\n"
        for number, phase in enumerate(phases.phases, 1)
    )


def paragraph(phases: Phases, number: int, phase: Phase) -> Iterator[str]:
    """The lines of one phase."""
    kept = [*zip(letters(KEPT, phase.kept), phase.kept, strict=True)]
    learning = ", in learning" if phase.learning else ""
    yield f"{number}. {phase.name}{learning}: for {ranges(kept)}"
    names = [name for name, _ in kept]
    wires: dict[int, str] = {}
    inputs = phase.body.s.table.tolist()
    if phase.factors:
        reduced = [*zip(letters(REDUCED, phase.reduced), phase.reduced, strict=True)]
        every = names + [name for name, _ in reduced]
        product = " * ".join(element(phases.arrays, f, every) for f in phase.factors)
        over = f"{phase.reduction} over {ranges(reduced)} of " if phase.reduction else ""
        yield f"  total = {over}{product}    {phase.total}"
        wires[inputs.pop(0)] = "total"
    for wire, operand in zip(inputs, phase.operands, strict=True):
        wires[wire] = element(phases.arrays, operand, names)
    yield from body(phase, wires)
    outputs = [wires[wire] for wire in phase.body.t.table.tolist()]
    for store in phase.stores:
        late = "    in learning" if store.learning and not phase.learning else ""
        yield f"  {element(phases.arrays, store.place, names)} = {outputs[store.output]}{late}"
    for event in phase.events:
        counter = "learning" if event.learning else "forward"
        yield f"  {counter} saturations += {outputs[event.output]}"


def body(phase: Phase, wires: dict[int, str]) -> Iterator[str]:
    """One line for each operation; `wires` says what everything is called."""
    count = 0
    for operation, reads, writes in batches(phase.body):
        for arguments, [target] in zip(reads.T.tolist(), writes.T.tolist(), strict=True):
            if isinstance(operation, ops.Constant):
                wires[target] = str(operation.x)
                continue
            wires[target] = f"v{count}"
            count += 1
            [T] = operation.target()
            text = formula(operation, [wires[wire] for wire in arguments])
            yield f"  {wires[target]} = {text}    {T.dtype}"


def formula(operation: Any, operands: Sequence[str]) -> str:
    """An operation on single numbers."""
    if type(operation) in INFIX:
        return f" {INFIX[type(operation)]} ".join(operands)
    match operation:
        case ops.Select():
            bit, x, y = operands
            return f"{x} if {bit} else {y}"
        case ops.Requantise():
            step = operation.overflow.name.lower()
            return f"{step}({operation.rounding.name.lower()}({operands[0]}))"
        case ops.InRange():
            rounded = f"{operation.rounding.name.lower()}({operands[0]})"
            return f"{rounded} fits {operation.dtype}"
    own = [
        str(getattr(operation, field.name))
        for field in fields(operation)
        if not isinstance(getattr(operation, field.name), NdArrayType | Fixed | tuple | None)
    ]
    return f"{type(operation).__name__.lower()}({', '.join([*operands, *own])})"


def element(arrays: Sequence[Array], place: Place, names: Sequence[str]) -> str:
    """A number of an array."""
    terms = [
        name if stride == 1 else f"{stride} {name}"
        for stride, name in zip(place.strides, names, strict=True)
        if stride
    ]
    if place.offset or not terms:
        terms.append(str(place.offset))
    return f"{arrays[place.array].name}[{' + '.join(terms)}]"


def ranges(loops: Sequence[tuple[str, int]]) -> str:
    """The ranges of some loops."""
    return ", ".join(f"{name} < {extent}" for name, extent in loops)


def letters(alphabet: str, extents: Sequence[int]) -> list[str]:
    """A name for each loop."""
    return [alphabet[i % len(alphabet)] * (1 + i // len(alphabet)) for i in range(len(extents))]
