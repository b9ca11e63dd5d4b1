"""What phases mean, and what they keep to, on a tiny engine written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catgrad.core import operation as ops
from catgrad.core.types import BIT, Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.folded.evaluate import evaluate
from catgrad.folded.fuse.text import describe
from catgrad.folded.fuse.verify import verify
from catgrad.folded.phase import Array, Event, Phase, Phases, Place, Store
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.scalars import ScalarProgram
from tests.folded.programs import same

FORM, TOTAL, ERROR = Fixed(4, 0), Fixed(10, 0), Fixed(11, 0)
STATE, X, Y, PREDICTION, TEMPORARY = range(5)
ARRAYS = (
    Array("w", FORM, 6, "state", 0),
    Array("x", FORM, 3, "x", 0),
    Array("y", TOTAL, 2, "y", 0),
    Array("prediction", TOTAL, 2, "prediction", 0),
    Array("error", ERROR, 2),
)


def scalar(format: Fixed) -> NdArrayType:
    return NdArrayType((), format)


def body(*formats: Fixed) -> tuple[ScalarProgram, list[int]]:
    """A program with these inputs, and their wires."""
    program = ScalarProgram()
    return program, [int(program.wires(scalar(format), ())) for format in formats]


def operate(program: ScalarProgram, operation: Any, *wires: int) -> int:
    reads = np.array(wires, dtype=np.int64).reshape(len(wires), 1)
    return int(program.operate(operation, reads)[0, 0])


def built(program: ScalarProgram, inputs: list[int], outputs: list[int]) -> OpenHypergraph:
    return program.build(np.array(inputs, np.int64), np.array(outputs, np.int64))


def forward() -> Phase:
    """prediction = x w, and how far it is from y; counts those that are below 0."""
    program, [total, y] = body(TOTAL, TOTAL)
    error = operate(program, ops.Subtract(scalar(TOTAL)), total, y)
    zero = operate(program, ops.Constant(scalar(TOTAL), 0))
    negative = operate(program, ops.Lt(scalar(TOTAL)), total, zero)
    return Phase(
        "x * w",
        (2,),
        (3,),
        (Place(X, 0, (0, 1)), Place(STATE, 0, (3, 1))),
        "sum",
        TOTAL,
        (Place(Y, 0, (1,)),),
        built(program, [total, y], [total, error, negative]),
        (Store(0, Place(PREDICTION, 0, (1,)), False), Store(1, Place(TEMPORARY, 0, (1,)), True)),
        (Event(2, False),),
    )


def update() -> Phase:
    """w - error, held in the format of w, in place; counts those that do not fit."""
    program, [w, error] = body(FORM, ERROR)
    subtract = ops.Subtract(scalar(FORM), scalar(ERROR))
    exact = operate(program, subtract, w, error)
    how = (subtract.result(), FORM, ops.Rounding.TRUNCATE)
    new = operate(program, ops.Requantise(*how, ops.Overflow.SATURATE), exact)
    one = operate(program, ops.Constant(scalar(BIT), 1))
    outside = operate(program, ops.Gt(scalar(BIT)), one, operate(program, ops.InRange(*how), exact))
    return Phase(
        "update",
        (2, 3),
        (),
        (),
        None,
        None,
        (Place(STATE, 0, (3, 1)), Place(TEMPORARY, 0, (1, 0))),
        built(program, [w, error], [new, outside]),
        (Store(0, Place(STATE, 0, (3, 1)), True),),
        (Event(1, True),),
    )


PHASES = Phases(ARRAYS, (forward(), update()))
W, SAMPLE, TARGET = np.array([[1, 2, 3], [-8, -8, -8]]), np.array([1, 0, 2]), np.array([5, -20])


def test_a_step() -> None:
    step = evaluate(verify(PHASES), [W, SAMPLE, TARGET])
    same(step.predictions, [np.array([7, -24])])
    same(step.state, [np.array([-1, 0, 1, -4, -4, -4])])
    assert (step.early, step.late) == (1, 0)
    step = evaluate(PHASES, [W, SAMPLE, np.array([20, 20])])
    same(step.state, [np.array([7, 7, 7, 7, 7, 7])])
    assert (step.early, step.late) == (1, 6)


def test_a_prediction_alone() -> None:
    step = evaluate(PHASES, [W, SAMPLE], train=False)
    same(step.predictions, [np.array([7, -24])])
    same(step.state, [W])
    assert (step.early, step.late) == (1, 0)


@pytest.mark.parametrize(("reduction", "wanted"), [("max", [3, -8]), ("min", [1, -8])])
def test_the_greatest_and_the_least(reduction: Any, wanted: list[int]) -> None:
    program, [total] = body(FORM)
    phase = Phase(
        reduction,
        (2,),
        (3,),
        (Place(STATE, 0, (3, 1)),),
        reduction,
        FORM,
        (),
        built(program, [total], [total]),
        (Store(0, Place(0, 0, (1,)), False),),
    )
    arrays = (Array("prediction", FORM, 2, "prediction"), *ARRAYS[:1])
    moved = replace(phase, factors=(Place(1, 0, (3, 1)),))
    same(evaluate(verify(Phases(arrays, (moved,))), [W]).predictions, [np.array(wanted)])


def test_phases_as_text(golden: Callable[[str, str], None]) -> None:
    golden("tiny.txt", describe(PHASES))


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(CatgradError) as error:
        call()
    return str(error.value)


def test_arrays_that_are_missing_or_of_another_size() -> None:
    assert refusal(lambda: evaluate(PHASES, [W, SAMPLE])) == (
        "The phases take 3 arrays, but 2 are given; give the state, then x, then y."
    )
    assert refusal(lambda: evaluate(PHASES, [W[0], SAMPLE, TARGET])) == (
        "Array w holds 6 numbers, but 3 are given; give one for each."
    )


def broken(**changes: Any) -> Callable[[], Any]:
    """The phases, the first of them changed."""
    return lambda: verify(Phases(ARRAYS, (replace(forward(), **changes), update())))


def test_phases_out_of_order() -> None:
    assert refusal(lambda: verify(Phases(ARRAYS, (update(), forward())))) == (
        "Phase 0 (update) reads temporary array error before it is stored to; let it read a "
        "temporary that holds the numbers then."
    )
    early = replace(update(), operands=(*update().operands[:1], Place(Y, 0, (1, 0))))
    arrays = (*ARRAYS[:2], replace(ARRAYS[2], format=ERROR), *ARRAYS[3:])
    assert refusal(lambda: verify(Phases(arrays, (early, forward())))) == (
        "Phase 1 (x * w) takes part in predictions, but comes after one that only learns; "
        "put it before that one."
    )


def test_places_outside_an_array() -> None:
    assert refusal(broken(operands=(Place(Y, 1, (1,)),))) == (
        "Phase 0 (x * w) reads array y at positions 1 to 2, but it has 2; keep within those."
    )


def test_one_array_read_at_two_places() -> None:
    assert refusal(broken(factors=(Place(STATE, 0, (3, 1)), Place(STATE, 0, (0, 1))))) == (
        "Phase 0 (x * w) reads array w at 2 places, which a memory does one after another; give "
        "it a copy."
    )


def test_totals_and_bodies_of_other_formats() -> None:
    assert refusal(broken(total=FORM)) == (
        "Phase 0 (x * w) has a total of SQ(4,0), but its factors give SQ(10,0); state that."
    )
    assert refusal(broken(operands=())) == (
        "Phase 0 (x * w) has a body that takes ['SQ(10,0)', 'SQ(10,0)'], but it is given "
        "['SQ(10,0)']; make the two equal."
    )
    assert refusal(broken(stores=(Store(1, Place(PREDICTION, 0, (1,)), False),))) == (
        "Phase 0 (x * w) stores numbers of SQ(11,0) to an array of SQ(10,0); make the two equal."
    )
    assert refusal(broken(events=(Event(0, False),))) == (
        "Phase 0 (x * w) counts numbers of SQ(10,0); count whole numbers of at least 0."
    )


def test_a_product_in_a_body() -> None:
    program, [total, y] = body(TOTAL, TOTAL)
    square = operate(program, ops.Multiply(scalar(TOTAL)), total, y)
    arrays = (*ARRAYS[:3], replace(ARRAYS[3], format=Fixed(20, 0)), ARRAYS[4])
    phase = replace(
        forward(),
        body=built(program, [total, y], [square]),
        stores=(Store(0, Place(PREDICTION, 0, (1,)), False),),
        events=(),
    )
    assert refusal(lambda: verify(Phases(arrays, (phase,)))) == (
        "Phase 0 (x * w) multiplies SQ(10,0) by SQ(10,0) in its body; make that a phase of its own."
    )


def test_stores_where_nothing_may_be_stored() -> None:
    assert refusal(broken(stores=(Store(0, Place(Y, 0, (1,)), False),))) == (
        "Phase 0 (x * w) stores to array y, which comes with the sample; store to a temporary."
    )
    assert refusal(broken(stores=(Store(0, Place(PREDICTION, 0, (0,)), False),))) == (
        "Phase 0 (x * w) stores several results to one position of array prediction; give each "
        "its own."
    )


def test_numbers_overwritten_before_they_are_read() -> None:
    elsewhere = (Store(0, Place(STATE, 5, (-3, -1)), True),)
    phases = (forward(), replace(update(), stores=elsewhere))
    assert refusal(lambda: verify(Phases(ARRAYS, phases))) == (
        "Phase 1 (update) reads array w while it overwrites it, elsewhere than at the results "
        "themselves; let it store to a temporary, and copy that."
    )
    again = Phases(ARRAYS, (forward(), update(), update()))
    assert refusal(lambda: verify(again)) == (
        "Phase 2 (update) reads state array w after it is stored to; let it read a temporary that "
        "holds the numbers then."
    )
