"""The delay of each kind of cell."""

from catgrad.circuit import Format, NetlistBuilder
from catgrad.circuit.delays import delays_ps


def test_the_delay_of_each_kind() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(16, True)])
    bit = b.gt(x, x)
    b.mux(bit, x, x)
    b.mul(x, x)
    b.saturate(x, Format(8, True))
    b.fits(x, Format(8, True))
    b.lookup(x, range(256))
    b.lookup(x, [1, 2])
    b.shr(x, 3)
    assert delays_ps(b.build()).tolist() == [0, 2600, 1000, 8400, 3000, 2000, 5000, 1000, 0]


def test_bits_side_by_side_and_inverters_take_no_time() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(16, True), Format(3, False)])
    b.sub(b.const(-1), b.add(b.shl(x, 3), y))
    assert delays_ps(b.build()).tolist() == [0, 0, 0, 0, 0, 0]
