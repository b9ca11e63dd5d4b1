"""Laws of the passes: each keeps every output, gives a valid netlist, and does all it can."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from catgrad.circuit import (
    Netlist,
    evaluate,
    fold_constants,
    narrow,
    optimise,
    remove_dead,
    share,
    to_text,
    verify,
)
from tests.circuit.strategies import batches, netlists

Pass = Callable[[Netlist], Netlist]

every_pass = pytest.mark.parametrize(
    "apply", [fold_constants, share, narrow, remove_dead, optimise], ids=lambda f: f.__name__
)


@every_pass
@given(st.data())
def test_keeps_every_output(apply: Pass, data: st.DataObject) -> None:
    before = data.draw(netlists())
    after = apply(before)
    note(f"{to_text(before)}\n{to_text(after)}")
    verify(after)
    assert after.inputs == before.inputs or apply in (remove_dead, optimise)
    inputs = data.draw(batches(before))
    expected, found = evaluate(before, inputs), evaluate(after, inputs)
    assert list(found) == list(expected)
    for name in expected:
        assert found[name].dtype == expected[name].dtype
        assert np.array_equal(found[name], expected[name])


@every_pass
@given(netlists())
def test_does_all_it_can_at_once(apply: Pass, before: Netlist) -> None:
    once = apply(before)
    note(f"{to_text(before)}\n{to_text(once)}")
    assert apply(once) == once
