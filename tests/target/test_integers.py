"""Integer source: every rounding, every overflow, every width, against exact arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import BIT, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python import Function, to_source
from tests.target.interpreter import interpret
from tests.target.strategies import arrays

WIDEST = [Fixed(63, 40), Fixed(62, 62, signed=False)]
"""The widest formats that an int64 carries."""

formats = st.builds(Fixed, st.integers(1, 20), st.integers(-6, 24), st.booleans())


def vector(form, n=5):
    return NdArrayType((n,), form)


def run(f, *xs):
    namespace = {}
    source = to_source({"run": Function(f, ["x", "y"][: len(xs)], ["z"])})
    exec(source, namespace)
    return namespace["Model"].run(*xs)


def body(f, *names):
    """The lines of a function between its docstring and its return."""
    source = to_source({"run": Function(f, names, ["z"])})
    return [line.strip() for line in source.split('"""\n')[-1].splitlines()[:-1]]


def agree(f, *xs):
    for expected, found in zip(interpret(f, xs), run(f, *xs), strict=True):
        assert found.dtype == np.int64
        assert np.array_equal(expected, found)


################################################################################
# Laws


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("rounding", Rounding)
@given(data=st.data())
def test_requantise_rounds_and_contains_exactly(rounding, overflow, data):
    source, target = data.draw(formats | st.sampled_from(WIDEST)), data.draw(formats)
    if target.fraction - source.fraction + source.width > 63:
        return  # refused: see below
    T = vector(source)
    agree(op(ops.Requantise(T, target, rounding, overflow)), data.draw(arrays(T)))


@pytest.mark.parametrize("rounding", Rounding)
@given(data=st.data())
def test_in_range_is_whether_requantise_changes_nothing_but_the_rounding(rounding, data):
    T, target = vector(data.draw(formats)), data.draw(formats)
    agree(op(ops.InRange(T, target, rounding)), data.draw(arrays(T)))


@pytest.mark.parametrize("source", WIDEST)
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("shift", [1, 2, 31, 61, 62, 63, 64, 65, 100])
def test_the_widest_formats_round_without_wrapping(source, rounding, shift):
    T = vector(source, 6)
    middle = 1 << min(shift - 1, 61)
    ends = [source.min, source.min + 1, 0, min(middle, source.max), source.max - 1, source.max]
    target = Fixed(63, source.fraction - shift)
    agree(op(ops.Requantise(T, target, rounding)), np.array(ends))


@given(st.sampled_from([ops.Add, ops.Subtract, ops.Multiply, ops.Gt]), st.data())
def test_arithmetic_aligns_binary_points(kind, data):
    T, U = vector(data.draw(formats)), vector(data.draw(formats))
    agree(op(kind(T, U)), data.draw(arrays(T)), data.draw(arrays(U)))


@given(st.data())
def test_lookup_reads_the_mantissa_modulo_the_table(data):
    index = data.draw(st.builds(Fixed, st.integers(1, 5), st.integers(0, 5), st.booleans()))
    form = data.draw(formats)
    n = 1 << index.width
    entries = data.draw(st.lists(st.integers(form.min, form.max), min_size=n, max_size=n))
    T = vector(index, n)
    every = np.arange(index.min, index.max + 1)
    agree(op(ops.Lookup(T, form, tuple(entries), "table")), every)


@given(st.integers(1, 3), st.integers(0, 2**32 - 1).map(np.random.default_rng))
def test_products_carried_in_floating_point_are_exact(rows, rng):
    form = Fixed(21, 10)
    A, B, C = (NdArrayType((n,), form) for n in (rows, 2048, 3))
    f = op(ops.Compose(A, B, C))
    assert f.target[0].fixed == Fixed(53, 20)
    if rows > 1:
        assert body(f, "x", "y") == ["z = matmul(x, y)  # SQ(33,20)"]
    drawn = [rng.integers(form.min, form.max + 1, T.shape) for T in f.source]
    for x, y in drawn, [np.full(T.shape, form.min) for T in f.source]:
        assert np.array_equal(run(f, x, y)[0], x @ y)


def test_sums_that_a_float_could_miss_stay_integers():
    form = Fixed(22, 10)
    A, B, C = (NdArrayType((n,), form) for n in (3, 4096, 3))
    assert body(op(ops.Compose(A, B, C)), "x", "y") == ["z = x @ y  # SQ(36,20)"]


################################################################################
# Examples

S, U = NdArrayType((2, 3), Fixed(16, 12)), NdArrayType((2, 3), Fixed(8, 8, signed=False))


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (ops.Add(S), "z = x + y  # SQ(5,12)"),
        (ops.Add(S, U), "z = x + (y << 4)  # SQ(5,12)"),
        (ops.Subtract(U, S), "z = (x << 4) - y  # SQ(5,12)"),
        (ops.Multiply(S, U), "z = x * y  # SQ(4,20)"),
        (ops.Negate(U), "z = -x  # SQ(1,8)"),
        (ops.Gt(S), "z = (x > y).astype(np.int64)  # UQ(1,0)"),
        (ops.Mask(S), "z = x * y  # SQ(4,12)"),
        (ops.Constant(S, -3), "z = np.full((2, 3), -3, np.int64)  # SQ(4,12)"),
        (
            ops.Sum(NdArrayType((3,), S.dtype), NdArrayType((2,), S.dtype)),
            "z = x.sum(axis=0)  # SQ(5,12)",
        ),
        (ops.Requantise(S, Fixed(8, 4)), "z = saturate(half_up(x, 8), -128, 127)  # SQ(4,4)"),
        (
            ops.Requantise(S, Fixed(8, 4), Rounding.HALF_EVEN, Overflow.WRAP),
            "z = wrap(half_even(x, 8), -128, 127)  # SQ(4,4)",
        ),
        (ops.Requantise(S, Fixed(20, 4), Rounding.TRUNCATE), "z = x >> 8  # SQ(16,4)"),
        (ops.Requantise(S, Fixed(20, 14)), "z = x << 2  # SQ(6,14)"),
        (ops.InRange(S, Fixed(8, 12)), "z = fits(x, -128, 127).astype(np.int64)  # UQ(1,0)"),
        (
            ops.Lookup(vector(Fixed(2, 0)), BIT, (0, 1, 1, 0), "odd one"),
            "z = ODD_ONE[x & 3]  # UQ(1,0)",
        ),
        (ops.Lookup(vector(BIT), BIT, (1, 0), "not"), "z = NOT[x]  # UQ(1,0)"),
    ],
)
def test_how_an_operation_is_written(operation, text):
    f = op(operation)
    assert body(f, *["x", "y"][: len(f.s)]) == [text]


def test_a_wider_format_for_the_same_mantissas_takes_no_line():
    assert body(
        op(ops.Requantise(S, Fixed(20, 12))) >> op(ops.Negate(S.with_dtype(Fixed(20, 12)))), "x"
    ) == ["z = -x  # SQ(9,12)"]


def test_a_power_of_two_is_a_matter_of_the_format():
    rate = NdArrayType(S.shape, Fixed(1, 6, signed=False))
    f = (op(ops.Constant(rate, 1)) @ OpenHypergraph.identity(obj(S))) >> op(ops.Multiply(rate, S))
    update = (OpenHypergraph.identity(obj(S)) @ f) >> op(ops.Subtract(S, f.target[0]))
    assert body(update, "x", "y") == ["z = (x << 6) - y  # SQ(5,18)"]


def test_a_rounding_that_two_want_is_done_once():
    exact = S.with_dtype(Fixed(24, 16))
    narrow = Fixed(8, 4)
    both = op(ops.Copy(exact)) >> (
        op(ops.Requantise(exact, narrow)) @ op(ops.InRange(exact, narrow))
    )
    f = both >> op(ops.Mask(S.with_dtype(narrow)))
    assert body(f, "x") == [
        "x_rounded = half_up(x, 12)  # SQ(9,4)",
        "x_requantised = saturate(x_rounded, -128, 127)  # SQ(4,4)",
        "x_fits = fits(x_rounded, -128, 127)  # UQ(1,0)",
        "z = x_requantised * x_fits  # SQ(4,4)",
    ]


def test_what_is_out_of_range_is_counted():
    bits = S.with_dtype(BIT)
    fits = op(ops.InRange(S, Fixed(8, 12)))
    outside = (op(ops.Constant(bits, 1)) @ fits) >> op(ops.Gt(bits))
    f = outside >> op(ops.Sum(NdArrayType((), BIT), bits))
    assert body(f, "x") == [
        "x_fits = fits(x, -128, 127)  # UQ(1,0)",
        "z = (~x_fits).sum()  # UQ(3,0)",
    ]
    agree(f, np.array([[0, 127, 128], [-128, -129, 5]]))


def test_helpers_stand_above_the_class_only_where_they_are_used():
    source = to_source({"run": op(ops.Requantise(S, Fixed(8, 4)))})
    assert [line for line in source.splitlines() if line.startswith("def ")] == [
        "def half_up(x, shift):",
        "def saturate(x, low, high):",
    ]
    assert "def " not in to_source({"run": op(ops.Add(S))}).split("class")[0]


def test_a_table_may_have_any_name():
    narrow = op(ops.Requantise(S, Fixed(2, 0)))
    look_up = op(ops.Lookup(S.with_dtype(Fixed(2, 0)), BIT, (0, 1, 1, 0), "1/x"))
    assert body(narrow >> look_up, "x") == [
        "_1_x_index = saturate(half_up(x, 12), -2, 1)  # SQ(2,0)",
        "z = _1_X[_1_x_index & 3]  # UQ(1,0)",
    ]


def test_equal_tables_are_one():
    look_up = op(ops.Lookup(vector(BIT), BIT, (1, 0), "not"))
    other = op(ops.Lookup(vector(BIT), BIT, (1, 1), "not"))
    source = to_source({"run": look_up >> look_up >> other})
    assert "\nNOT = np.array([1, 0])\nNOT_2 = np.array([1, 1])\n" in source


def test_a_network(golden):
    golden("integers.txt", to_source({"predict": network()}, "Integers"))


def network():
    """A dense layer, a rectifier, and a table, with a count of what saturates."""
    form, wide = Fixed(8, 5), Fixed(19, 10)
    A, B, C = (NdArrayType((n,), form) for n in (1, 4, 2))
    weighted = op(ops.Compose(A, B, C))
    [exact] = weighted.target
    rounded = op(ops.Requantise(exact, form)) @ op(ops.InRange(exact, form))
    [narrow, bits] = rounded.target
    assert exact.fixed == wide.__class__(18, 10)
    positive = (OpenHypergraph.identity(obj(narrow)) @ op(ops.Constant(narrow, 0))) >> op(
        ops.Gt(narrow)
    )
    rectified = (
        op(ops.Copy(narrow))
        >> (OpenHypergraph.identity(obj(narrow)) @ positive)
        >> op(ops.Mask(narrow))
    )
    index = Fixed(4, 1)
    table = tuple(min(127, (i & 7) ** 2) for i in range(16))
    squared = op(ops.Requantise(narrow, index, Rounding.TRUNCATE)) >> op(
        ops.Lookup(narrow.with_dtype(index), form, table, "square")
    )
    ones = op(ops.Constant(bits, 1)) @ OpenHypergraph.identity(obj(bits))
    count = ones >> op(ops.Gt(bits)) >> op(ops.Sum(NdArrayType((), BIT), bits))
    f = weighted >> op(ops.Copy(exact)) >> rounded >> ((rectified >> squared) @ count)
    return Function(f, ["x", "weights"], ["prediction", "saturations"])


################################################################################
# Errors


def refused(f, *names):
    with pytest.raises(CatgradError) as caught:
        to_source({"run": Function(f, names, ["z"])})
    return str(caught.value)


def test_a_result_that_is_too_wide():
    T = vector(Fixed(32, 30))
    assert refused(op(ops.Multiply(T)), "x", "y") == (
        "run: wire z would hold SQ(4,60), 64 bits, but integer NumPy carries signed formats of up "
        "to 63; use narrower formats for its operands."
    )


def test_an_argument_that_is_too_wide():
    T = vector(Fixed(63, 0, signed=False))
    assert refused(op(ops.Gt(T)), "x", "y") == (
        "run: wire x would hold UQ(63,0), 63 bits, but integer NumPy carries signed formats of up "
        "to 63; use narrower formats for its operands."
    )


def test_operands_of_a_comparison_that_are_too_wide_once_aligned():
    assert refused(op(ops.Gt(vector(Fixed(40, 0)), vector(Fixed(2, 30)))), "x", "y") == (
        "run: wire z (an operand, aligned) would hold SQ(40,30), 70 bits, but integer NumPy "
        "carries signed formats of up to 63; use narrower formats for its operands."
    )


def test_a_value_that_is_too_wide_before_it_saturates():
    assert refused(op(ops.Requantise(vector(Fixed(40, 0)), Fixed(16, 30))), "x") == (
        "run: wire z (before it is brought into range) would hold SQ(40,30), 70 bits, but integer "
        "NumPy carries signed formats of up to 63; use narrower formats for its "
        "operands."
    )
