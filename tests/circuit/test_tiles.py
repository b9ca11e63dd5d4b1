"""Products as wide as a multiplier block."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, NetlistBuilder, evaluate
from catgrad.circuit.families import DELAYS
from catgrad.circuit.tiles import tiled
from catgrad.circuit.timing import in_block
from tests.circuit.strategies import batches, formats


@settings(max_examples=60, deadline=None)
@given(st.data(), formats(50), formats(50), st.sampled_from([0, 9, 16, 18]))
def test_the_products_are_the_same_and_each_fits_a_block(
    data: st.DataObject, first: Format, second: Format, block_bits: int
) -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [first, second])
    b.output("z", [b.mul(x, y), b.mul(x, x)])
    netlist, family = b.build(), replace(DELAYS["ecp5"], block_bits=block_bits)
    tiles = tiled(netlist, family)
    assert np.array_equal(in_block(tiles, family), tiles.kind == Kind.MUL)
    inputs = data.draw(batches(netlist))
    assert evaluate(tiles, inputs)["z"].tolist() == evaluate(netlist, inputs)["z"].tolist()
    # As many blocks as pairs of parts, where no part is narrow enough for logic.
    if block_bits and min(first.width, second.width) > 3:
        parts = [-(-(f.width - f.signed) // (block_bits - 1)) for f in (first, second)]
        assert (tiles.kind == Kind.MUL).sum() <= parts[0] * parts[1] + parts[0] * (parts[0] + 1)


def products(first: tuple[int, bool], second: tuple[int, bool]) -> list[tuple[str, str]]:
    """The operands of the blocks of an ECP5 that multiply such numbers."""
    b = NetlistBuilder()
    x, y = b.input("x", [Format(*first), Format(*second)])
    b.output("z", b.mul(x, y))
    tiles = tiled(b.build(), DELAYS["ecp5"])
    return [
        (str(tiles.format(a)), str(tiles.format(b)))
        for a, b, _ in tiles.args[tiles.kind == Kind.MUL].tolist()
    ]


def test_wide_products_take_the_fewest_blocks() -> None:
    assert products((18, True), (18, True)) == [("s18", "s18")]
    assert products((24, True), (16, True)) == [("u17", "s16"), ("s16", "s7")]
    assert products((18, False), (18, True)) == [("u17", "s18")]  # and one bit in logic
    assert products((35, True), (18, True)) == [("u17", "s18"), ("s18", "s18")]
    assert len(products((35, True), (35, True))) == 4
    assert products((18, True), (3, True)) == []
