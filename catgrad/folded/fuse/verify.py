"""What every list of phases keeps to, whoever made it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.folded.fuse.atoms import is_bit, scalar
from catgrad.folded.phase import Array, Phase, Phases, Place, Store
from catgrad.kernel.batches import batches


def verify(phases: Phases) -> Phases:
    """The phases, if they run one after another as `Phases` says.

    - every place lies in its array, and every body takes and gives numbers of the right formats
    - a phase reads no array at two places, and stores to none twice; its bodies multiply by
      constants and single bits only
    - what is given is not stored to, and predictions are not read; a temporary is stored to before
      it is read; a state array is not read once numbers of it are overwritten, except each number
      by the very result that takes its place
    - phases that are left out when the engine only predicts come last

    Raises ``CatgradError`` on the first fault, with the phase and the array.
    """
    stored = [np.zeros(array.size, dtype=np.bool_) for array in phases.arrays]
    for number, phase in enumerate(phases.phases):
        where = f"Phase {number} ({phase.name})"
        if not phase.learning and number >= phases.forward:
            raise CatgradError(
                f"{where} takes part in predictions, but comes after one that only learns; "
                f"put it before that one."
            )
        _verify_places(where, phases.arrays, phase)
        _verify_body(where, phases.arrays, phase)
        loops = phase.kept + phase.reduced
        for place, over in (
            *((factor, loops) for factor in phase.factors),
            *((operand, phase.kept) for operand in phase.operands),
        ):
            array, positions = phases.arrays[place.array], place.positions(over)
            ready = {
                "state": not stored[place.array].any(),
                "memory": not stored[place.array].any(),
                "temporary": array.padded or stored[place.array][positions].all(),
                "prediction": False,
            }
            if not ready.get(array.kind, True):
                when = "after it is" if array.kind in ("state", "memory") else "before it is"
                raise CatgradError(
                    f"{where} reads {array.kind} array {array.name} {when} stored to; "
                    f"let it read a temporary that holds the numbers then."
                )
        for store in phase.stores:
            _verify_store(where, phases.arrays, phase, store)
            stored[store.place.array][store.place.positions(phase.kept)] = True
    return phases


def _verify_places(where: str, arrays: Sequence[Array], phase: Phase) -> None:
    loops = phase.kept + phase.reduced
    for verb, used, over in (
        ("reads", phase.factors, loops),
        ("reads", phase.operands, phase.kept),
        ("stores to", [store.place for store in phase.stores], phase.kept),
    ):
        for place in used:
            array, positions = arrays[place.array], place.positions(over)
            if positions.min() < 0 or positions.max() >= array.size:
                raise CatgradError(
                    f"{where} {verb} array {array.name} at positions {positions.min()} to "
                    f"{positions.max()}, but it has {array.size}; keep within those."
                )
    read = [place.array for place in (*phase.factors, *phase.operands)]
    written = [store.place.array for store in phase.stores]
    for verb, used_twice in (("reads", read), ("stores to", written)):
        twice = [array for array in used_twice if used_twice.count(array) > 1]
        if twice:
            raise CatgradError(
                f"{where} {verb} array {arrays[twice[0]].name} at {used_twice.count(twice[0])} "
                f"places, which a memory does one after another; give it a copy."
            )


def _verify_store(where: str, arrays: Sequence[Array], phase: Phase, store: Store) -> None:
    array, positions = arrays[store.place.array], store.place.positions(phase.kept)
    if array.kind in ("x", "y"):
        raise CatgradError(
            f"{where} stores to array {array.name}, which comes with the sample; store to a "
            f"temporary."
        )
    if len(np.unique(positions)) < positions.size:
        raise CatgradError(
            f"{where} stores several results to one position of array {array.name}; give each "
            f"its own."
        )
    same = [place for place in phase.operands if place.array == store.place.array]
    shared: list[Place] = [f for f in phase.factors if f.array == store.place.array]
    if shared or any(not np.array_equal(p.positions(phase.kept), positions) for p in same):
        raise CatgradError(
            f"{where} reads array {array.name} while it overwrites it, elsewhere than at the "
            f"results themselves; let it store to a temporary, and copy that."
        )


def _verify_body(where: str, arrays: Sequence[Array], phase: Phase) -> None:
    taken = [] if phase.total is None else [phase.total]
    taken += [arrays[place.array].format for place in phase.operands]
    given: dict[int, list[Fixed]] = {}
    for store in phase.stores:
        given.setdefault(store.output, []).append(arrays[store.place.array].format)
    exact = total(phase, arrays)
    if phase.total != exact:
        raise CatgradError(
            f"{where} has a total of {phase.total}, but its factors give {exact}; state that."
        )
    found = [T.fixed for T in phase.body.source]
    if found != taken:
        raise CatgradError(
            f"{where} has a body that takes {list(map(str, found))}, but it is given "
            f"{list(map(str, taken))}; make the two equal."
        )
    results = [T.fixed for T in phase.body.target]
    for output, formats in given.items():
        for format in formats:
            if results[output] != format:
                raise CatgradError(
                    f"{where} stores numbers of {results[output]} to an array of {format}; "
                    f"make the two equal."
                )
    for event in phase.events:
        if results[event.output].signed or results[event.output].fraction:
            raise CatgradError(
                f"{where} counts numbers of {results[event.output]}; count whole numbers of at "
                f"least 0."
            )
    constants: set[int] = set()
    for operation, reads, writes in batches(phase.body):
        if isinstance(operation, ops.Constant):
            constants.update(writes.reshape(-1).tolist())
        if isinstance(operation, ops.Multiply):
            factors = [operation.T.fixed, operation.second.fixed]
            known = [bool(constants & set(row.tolist())) for row in reads]
            if not any(known) and not any(map(is_bit, factors)):
                raise CatgradError(
                    f"{where} multiplies {factors[0]} by {factors[1]} in its body; make that a "
                    f"phase of its own."
                )


def total(phase: Phase, arrays: Sequence[Array]) -> Fixed | None:
    """The exact format of what the lanes of a phase give."""
    if not phase.factors:
        return None
    product = scalar(arrays[phase.factors[0].array].format)
    for factor in phase.factors[1:]:
        product = ops.Multiply(product, scalar(arrays[factor.array].format)).result()
    if phase.reduction == "sum":
        return ops.axes_total(product, math.prod(phase.reduced)).fixed
    return product.fixed
