"""Words hold payloads without loss."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format
from catgrad.circuit.format import integers
from sim.words import Field, pack, unpack

FORMATS = st.lists(st.builds(Format, st.integers(1, 80), st.booleans()), max_size=5)


@st.composite
def packed(draw: st.DrawFn) -> tuple[list[Field], list[list[int]]]:
    """Fields side by side, and payloads that fit them."""
    formats = draw(FORMATS)
    offsets = np.cumsum([0, *(format.width for format in formats)]).tolist()
    element = st.tuples(*(st.integers(format.min, format.max) for format in formats))
    payloads = [list(payload) for payload in draw(st.lists(element, min_size=1, max_size=4))]
    return [Field(*field) for field in zip(offsets, formats, strict=False)], payloads


@given(packed())
def test_unpack_inverts_pack(drawn: tuple[list[Field], list[list[int]]]) -> None:
    fields, payloads = drawn
    assert unpack(pack(integers(payloads), fields), fields).tolist() == payloads


@given(packed())
def test_a_word_is_its_elements_side_by_side(
    drawn: tuple[list[Field], list[list[int]]],
) -> None:
    fields, payloads = drawn
    words = [
        sum(
            (value % (1 << format.width)) << offset
            for value, (offset, format) in zip(row, fields, strict=True)
        )
        for row in payloads
    ]
    assert pack(integers(payloads), fields) == words


def test_narrow_payloads_are_int64_and_wide_ones_are_exact() -> None:
    assert unpack([1], [Field(0, Format(63, False))]).dtype == np.int64
    assert unpack([1], [Field(0, Format(64, False))]).dtype == object
