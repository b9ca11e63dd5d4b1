"""Look-up tables that are written down as numbers."""

from __future__ import annotations

from itertools import product

import pytest

from catgrad.hdl.kept import CHOICE, LIMITED, choice_table


def entry(table: int, *inputs: int) -> int:
    return table >> sum(bit << place for place, bit in enumerate(inputs)) & 1


@pytest.mark.parametrize("format_bits", [2, 5])
def test_together_they_saturate_or_take_the_other_number(format_bits: int) -> None:
    """For every sum of one bit more than the format: as a clamp does."""
    top = format_bits - 1
    least, greatest = -(1 << top), (1 << top) - 1
    for total, other, serving in product(
        range(2 * least, 2 * greatest + 2), range(least, greatest + 1), (0, 1)
    ):
        negative, following = total >> format_bits & 1, total >> top & 1
        signals = [entry(table, negative, following, serving, 0) for table in (CHOICE, LIMITED)]
        found = sum(
            entry(choice_table(i == top), total >> i & 1, other >> i & 1, *signals) << i
            for i in range(format_bits)
        )
        wanted = other if serving else min(max(total, least), greatest)
        assert found == wanted % (1 << format_bits)
