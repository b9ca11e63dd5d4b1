"""The quantise functor: where rounding stands, what saturation does, what is counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import layers
from catgrad.bidirectional.functor import Dual
from catgrad.bidirectional.operation import Compose, power
from catgrad.combinators import identity
from catgrad.core.operation import Overflow, Requantise, Rounding
from catgrad.core.simplify import simplify
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.fixed.instrument import count_saturations
from catgrad.fixed.quantise import quantise
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.library import to_kernels
from catgrad.learner import Learner, learner, transition

ONE, TWO, FOUR = (NdArrayType((n,), Dtype.float32) for n in (1, 2, 4))


def machine(model: Learner, formats: Formats):
    """The transition of a quantised learner, with its counters, as a function of mantissas."""
    tick = transition(quantise(model.whole, formats, model.parameters), model.parameters)
    program = simplify(count_saturations(tick, [0]))
    kernels = to_kernels(program)
    return program, lambda *arrays: evaluate(kernels, arrays)


def half_up(m: np.ndarray, shift: int) -> np.ndarray:
    return (m + (1 << (shift - 1))) >> shift


lms = learner(layers.linear(ONE, FOUR, ONE), layers.sgd(2**-5), layers.mse)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_lms_is_the_textbook_recursion_in_integers(seed: int) -> None:
    """``w + ((-g + r) >> s)``: one rounding for a dot product, one for each gradient and weight."""
    data, weights = Fixed(16, 14), Fixed(18, 16)
    _, tick = machine(lms, Formats.uniform(16, 14, weights=weights))
    random = np.random.default_rng(seed)
    w = random.integers(weights.min, weights.max + 1, (4, 1))
    for _ in range(20):
        x = random.integers(data.min, data.max + 1, (1, 4))
        y = random.integers(data.min, data.max + 1, (1, 1))
        prediction, new_w, forward, learning = tick(w, x, y)

        wide = half_up(x @ w, 16)
        expected = np.clip(wide, data.min, data.max)
        assert (prediction == expected).all()
        error = np.clip(expected - y, data.min, data.max)
        stopped = np.where(wide == expected, error, 0)
        g = half_up(x.T @ stopped, 14)
        gradient = np.clip(g, data.min, data.max)
        update = half_up(
            (w << 3) - gradient, 3
        )  # fractions: 16 of w, 14 + 5 of the scaled gradient
        assert (new_w == np.clip(update, weights.min, weights.max)).all()
        assert forward == (wide != expected).sum()
        assert learning == sum(
            int((a != b).sum())
            for a, b in (
                (expected - y, error),
                (g, gradient),
                (update, np.clip(update, weights.min, weights.max)),
            )
        )
        w = new_w


def test_gradients_stop_where_the_forward_value_saturated() -> None:
    _, tick = machine(lms, Formats.uniform(8, 6))
    w, x = np.full((4, 1), 127), np.full((1, 4), 127)
    prediction, new_w, forward, _ = tick(w, x, np.array([[-128]]))
    assert prediction == 127
    assert forward == 1
    assert (new_w == w).all()


def test_gradients_pass_where_overflow_wraps() -> None:
    program, tick = machine(lms, Formats.uniform(8, 6, overflow=Overflow.WRAP))
    w, x = np.full((4, 1), 100), np.full((1, 4), 127)
    prediction, new_w, forward, _ = tick(w, x, np.array([[0]]))
    wide = int(half_up(np.array(4 * 100 * 127), 6))
    assert prediction == (wide + 128) % 256 - 128
    assert (new_w != w).all()
    assert forward == 1
    assert all(x.overflow is Overflow.WRAP for x in program.H.x if isinstance(x, Requantise))


@pytest.mark.parametrize("rounding", list(Rounding))
def test_every_requantise_rounds_as_the_formats_say(rounding: Rounding) -> None:
    program, _ = machine(lms, Formats.uniform(12, 8, rounding=rounding))
    requantised = [x for x in program.H.x if isinstance(x, Requantise)]
    assert len(requantised) == 4  # prediction, error, gradient, weights
    assert {x.rounding for x in requantised} == {rounding}


def test_products_and_sums_are_exact_until_one_requantise() -> None:
    program, _ = machine(lms, Formats.uniform(16, 14, weights=Fixed(18, 16)))
    wide = sorted(str(x.T.dtype) for x in program.H.x if isinstance(x, Requantise))
    assert wide == sorted(["SQ(6,30)", "SQ(3,14)", "SQ(4,28)", "SQ(3,19)"])


def test_single_wires_may_have_formats_of_their_own() -> None:
    f = lms.whole
    [product] = [i for i, x in enumerate(f.H.x) if isinstance(x, Compose)]
    [prediction], [target] = f.H.t[product].table.tolist(), f.t.table.tolist()
    own = {
        prediction: Dual(Fixed(9, 3), Fixed(16, 14)),
        target: Dual(Fixed(16, 14), Fixed(10, 2)),
    }
    program, _ = machine(lms, Formats.uniform(16, 14).with_wires(own))
    assert str(program.target[0].dtype) == "SQ(6,3)"
    assert str(program.source[2].dtype) == "SQ(8,2)"


def test_what_has_no_exact_form_is_refused() -> None:
    model = learner(
        (layers.linear(ONE, FOUR, ONE) @ identity(obj(ONE + ONE))) >> power(obj(ONE + ONE)),
        layers.sgd(0.5),
        layers.mse,
    )
    with pytest.raises(CatgradError) as error:
        machine(model, Formats.uniform(16, 12))
    assert str(error.value) == (
        "Power has no exact fixed-point form on SQ(4,12)[1, 1], SQ(4,12)[1, 1]; "
        "write the model without it, or as a function that can be tabulated."
    )


def test_formats_are_checked() -> None:
    with pytest.raises(CatgradError) as unsigned:
        Formats.uniform(16, 12, weights=Fixed(8, 6, signed=False))
    assert str(unsigned.value) == (
        "Formats needs a signed format for weights, not UQ(2,6); "
        "use Fixed(9, 6), which holds as much."
    )
    with pytest.raises(CatgradError) as table:
        Formats.uniform(16, 12, table_bits=20)
    assert str(table.value) == (
        "A table of 2**20 entries is out of reach; give table_bits from 2 to 14."
    )


def test_a_model_of_wires_alone_quantises() -> None:
    wires = learner(identity(obj(ONE + TWO)), layers.sgd(0.5), layers.mse)
    _, tick = machine(wires, Formats.uniform(8, 4))
    prediction, forward, learning = tick(np.array([[1, -2]]), np.array([[3, 4]]))
    assert prediction.tolist() == [[1, -2]]
    assert forward == learning == 0
