"""The arrows of C: exact result formats, and what is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, TypeMismatch

formats = st.builds(Fixed, st.integers(1, 12), st.integers(-6, 14), st.booleans())
REAL = {
    ops.Add: lambda x, y: x + y,
    ops.Subtract: lambda x, y: x - y,
    ops.Multiply: lambda x, y: x * y,
    ops.Minimum: min,
    ops.Maximum: max,
}


def real(mantissa: int, form: Fixed) -> Fraction:
    return Fraction(mantissa) * Fraction(2) ** -form.fraction


@given(a=formats, b=formats, operation=st.sampled_from(list(REAL)))
def test_element_wise_results_are_exact_and_narrow(a, b, operation) -> None:
    [T] = operation(NdArrayType((), a), NdArrayType((), b)).target()
    corners = [
        REAL[operation](real(x, a), real(y, b)) for x in (a.min, a.max) for y in (b.min, b.max)
    ]
    mantissas = [c * Fraction(2) ** T.fixed.fraction for c in corners]
    assert all(m.denominator == 1 for m in mantissas)
    lo, hi = int(min(mantissas)), int(max(mantissas))
    assert Fixed.holding(lo, hi, T.fixed.fraction) == T.fixed


@given(a=formats, b=formats, terms=st.integers(1, 40))
def test_contractions_hold_every_sum_of_products(a, b, terms) -> None:
    A, B, C = NdArrayType((2,), a), NdArrayType((terms,), a), NdArrayType((3,), b)
    T = ops.Compose(A, B, C).result
    corners = [terms * x * y for x in (a.min, a.max) for y in (b.min, b.max)]
    assert T.shape == (2, 3)
    assert T.fixed.holds(min(corners), max(corners))
    assert T.fixed.fraction == a.fraction + b.fraction
    N = NdArrayType((5,), a)
    assert ops.MatrixMultiply(N, A, B, C).result == NdArrayType((5, 2, 3), T.dtype)


F = NdArrayType((2, 3), Dtype.float32)
G = NdArrayType((3, 2), Dtype.float32)
Z = NdArrayType((2, 3), Dtype.int32)
L = NdArrayType((4,), Dtype.float32)
Q = NdArrayType((2,), Fixed(4, 0))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: ops.Add(F, G),
            (
                "Add needs two arrays of one shape, not float32[2, 3] and float32[3, 2]; "
                "reshape or broadcast one of them."
            ),
        ),
        (
            lambda: ops.Multiply(F, NdArrayType((2, 3), Dtype.int32)),
            (
                "Multiply needs two arrays of one dtype, not float32[2, 3] and int32[2, 3]; "
                "convert one of them."
            ),
        ),
        (
            lambda: ops.Reshape(F, NdArrayType((7,), Dtype.float32)),
            (
                "Reshape cannot turn float32[2, 3] into float32[7]: they hold 6 and 7 numbers; "
                "choose shapes of the same size."
            ),
        ),
        (
            lambda: ops.Permute(F, (0, 0)),
            (
                "Permute needs an order of the 2 axes of float32[2, 3], not (0, 0); "
                "name each axis once."
            ),
        ),
        (
            lambda: ops.Constant(F, float("nan")),
            "Constant needs a finite number, not nan; give one number that fills the array.",
        ),
        (
            lambda: ops.Array(F, (1.0, 2.0)),
            "Array has 2 numbers for the 6 places of float32[2, 3]; give one for each.",
        ),
        (
            lambda: ops.Array(Q, (0, 8)),
            "Constant cannot hold the mantissa 8 in SQ(4,0); give an integer from -8 to 7.",
        ),
        (
            lambda: ops.Constant(F, 1e300),
            (
                "Constant cannot hold 1e+300 in float32[2, 3]; "
                "give a number from -3.4028234663852886e+38 to 3.4028234663852886e+38."
            ),
        ),
        (
            lambda: ops.Constant(Z, 2**40),
            (
                "Constant cannot hold 1099511627776 in int32[2, 3]; "
                "give a number from -2147483648 to 2147483647."
            ),
        ),
        (
            lambda: ops.Pad(Z, (0, 0), (1, 1), value=-(2**31) - 1),
            (
                "Constant cannot hold -2147483649 in int32[2, 3]; "
                "give a number from -2147483648 to 2147483647."
            ),
        ),
        (
            lambda: ops.Compose(F, F, Z),
            (
                "Compose needs two arrays of one dtype, not float32[2, 3, 2, 3] and "
                "int32[2, 3, 2, 3]; convert one of them."
            ),
        ),
        (
            lambda: ops.MatrixMultiply(F, Q, Q, L),
            (
                "MatrixMultiply needs two arrays of one dtype, not SQ(4,0)[2, 3, 2, 2] and "
                "float32[2, 3, 2, 4]; convert one of them."
            ),
        ),
        (
            lambda: ops.Constant(Q, 8),
            "Constant cannot hold the mantissa 8 in SQ(4,0); give an integer from -8 to 7.",
        ),
        (
            lambda: ops.Divide(Q),
            "Divide is not defined on SQ(4,0)[2]; use a floating-point dtype or int32.",
        ),
        (
            lambda: ops.Requantise(F, Fixed(4, 0)),
            "Requantise is not defined on float32[2, 3]; quantise the program first.",
        ),
        (
            lambda: ops.Lookup(Q, Fixed(4, 0), (1, 2), "sigmoid"),
            (
                "Lookup 'sigmoid' has 2 entries for an index of type SQ(4,0)[2]; "
                "give one entry for each mantissa of the index."
            ),
        ),
        (
            lambda: ops.Lookup(Q, Fixed(4, 0), (9,) * 16, "sigmoid"),
            "Lookup 'sigmoid' has entries from 9 to 9, outside SQ(4,0); keep them from -8 to 7.",
        ),
        (
            lambda: ops.NMax(F, NdArrayType((0,), Dtype.float32)),
            (
                "NMax has nothing to take the greatest of along axes (0,); "
                "reduce over at least one element."
            ),
        ),
        (lambda: ops.NSplit(F, 0), "NSplit cannot give 0 parts; split into 1 part or more."),
        (
            lambda: ops.Invert(F),
            "Invert is not defined on float32[2, 3]; use int32 or bool.",
        ),
        (
            lambda: ops.MatrixMultiply(F, F, F, F),
            (
                "MatrixMultiply needs one axis for A, not float32[2, 3]; "
                "put further axes in N, or use Compose."
            ),
        ),
    ],
)
def test_errors(build, sentence: str) -> None:
    with pytest.raises(TypeMismatch) as error:
        build()
    assert str(error.value) == sentence
