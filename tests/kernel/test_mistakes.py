"""What a first kernel gets wrong, each answered by one sentence."""

from __future__ import annotations

import pytest

from catgrad import Dtype, NdArrayType
from catgrad.bidirectional.kernel import exp, greatest, kernel, maximum, where
from catgrad.kernel.kernel import KernelError

X = NdArrayType((8,), Dtype.float32)

USES = "The body of a kernel cannot use {} on the index i; an index says where to read and write, "
USES += "as in x[2 * i + 1]. To compute with it, read an array of numbers."
EXTREMUM = "assign it to an element as it is, and compute with that in another kernel."


def at(place):
    """A kernel that reads at a place."""

    def k(x, y, *, i):
        y[i] = x[place(i)]

    return k


def computes(body):
    """A kernel that computes from an element and an index."""

    def k(x, y, *, i):
        y[i] = body(x[i], i)

    return k


def scattered(x, y, *, i):
    y[2 * i] = x[i]


def added(x, y, *, i):
    y[0] += greatest(x[i])


def too_few(x, b, y, *, i):
    y[i] = x[i] * b[i]


def looped(x, y, *, i):
    for j in i:
        y[j] = x[j]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (at(lambda i: i // 2), USES.format("//")),
        (at(lambda i: i % 2), USES.format("%")),
        (at(lambda i: i / 2), USES.format("/")),
        (at(lambda i: i**2), USES.format("**")),
        (at(abs), USES.format("abs")),
        (looped, USES.format("sum or for")),
        (computes(lambda x, i: where(i > 2, x, 0)), USES.format(">")),
        (
            computes(lambda x, i: where(i == 2, x, 0)),
            (
                "The body of a kernel cannot choose by False, which is the same at all points; "
                "compare elements of its arrays, as in x[i] == 2."
            ),
        ),
        (
            computes(lambda x, i: x * i),
            (
                "The body of a kernel cannot compute with the index i; use elements of its arrays, "
                "such as x[i], and numbers."
            ),
        ),
        (
            computes(maximum),
            (
                "The body of a kernel cannot compute with the index i; use elements of its arrays, "
                "such as x[i], and numbers."
            ),
        ),
        (
            computes(lambda _, i: i),
            (
                "Kernel 'k' writes the index i to y[i]; write an expression of elements of the "
                "arrays "
                "that it reads, such as x[i]."
            ),
        ),
        (
            computes(lambda _, i: exp(i)),
            (
                "The body of a kernel cannot take exp of the index i, which is not an "
                "expression of "
                "elements of its arrays, such as x[i]; compute constants by Python alone."
            ),
        ),
        (
            computes(lambda x, _: greatest(x) + 1),
            f"The body of a kernel cannot use + on greatest(x[i]); {EXTREMUM}",
        ),
        (
            computes(lambda x, _: x + greatest(x)),
            f"The body of a kernel cannot compute with greatest(x[i]); {EXTREMUM}",
        ),
        (
            at(lambda i: slice(i, i + 2)),
            (
                "Kernel 'k' has a slice along axis 0 of x; name single elements, as in x[i + "
                "k], and "
                "let indices run."
            ),
        ),
        (
            at(lambda i: i - 1),
            (
                "Kernel 'k' reads x at -1 (i - 1 with i from 0 to 8) along axis 0 of x, "
                "float32[8]; "
                "indices begin at 0: drop the - 1, or pad the array first."
            ),
        ),
        (
            at(lambda i: -i - 1),
            (
                "Kernel 'k' reads x at -1 where i is 0 (-i - 1) along axis 0 of x, float32[8]; "
                "to run backwards begin at the end, x.shape[0] - 1 - i."
            ),
        ),
        (
            scattered,
            (
                "Kernel 'scattered' writes position 1 of y, float32[15], 0 times; write every "
                "position exactly once, or use +=, which leaves 0 there."
            ),
        ),
        (
            added,
            "Kernel 'added' adds or multiplies greatest(x[i]) into y[0]; write it by = alone.",
        ),
        (
            too_few,
            (
                "The body of a kernel cannot compute with b[i]; b has no type, so it counts as "
                "written: give one type for each array that is read."
            ),
        ),
    ],
)
def test_one_sentence(function, message) -> None:
    with pytest.raises(KernelError) as error:
        kernel(function)(X)
    assert str(error.value) == message


def test_a_kernel_says_what_it_is() -> None:
    assert repr(kernel(scattered)) == "kernel scattered(x, y, *, i)"
    assert kernel(scattered).__doc__ == "A kernel; called with array types it is an operation."
    assert kernel(scattered).__name__ == "scattered"
