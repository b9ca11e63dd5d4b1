"""What each pass does, shown on the text of netlists before and after."""

from collections.abc import Callable, Sequence

import pytest

from catgrad.circuit import (
    Format,
    Netlist,
    NetlistBuilder,
    fold_constants,
    narrow,
    optimise,
    parse,
    remove_dead,
    share,
    to_text,
    verify,
)

INPUTS = "input x\n  %0 : s8\n  %1 : s8\n  %2 : u1\n"


def folded(*cells: str) -> Sequence[str]:
    """The cells, numbered from %3, that a port showing the last one needs after folding."""
    last = cells[-1].split()[0]
    format = cells[-1].split()[-1]
    lines = "".join(f"  {cell}\n" for cell in cells)
    before = verify(parse(f"{INPUTS}cells\n{lines}output y\n  {last} : {format}\n"))
    after = verify(remove_dead(fold_constants(before)))
    text = to_text(after).removeprefix(INPUTS + "cells\n")
    *kept, _, shown = (line.strip() for line in text.splitlines())
    return [*kept, shown.split()[0]]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # constants of constants
        (
            ["%3 = const 5 : u3", "%4 = const -7 : s4", "%5 = mul %3 %4 : s7"],
            ["%3 = const -35 : s7", "%3"],
        ),
        (["%3 = const 300 : u9", "%4 = saturate %3 : s8"], ["%3 = const 127 : s8", "%3"]),
        (["%3 = const 300 : u9", "%4 = wrap %3 : s8"], ["%3 = const 44 : s8", "%3"]),
        # sums
        (["%3 = const 0 : u1", "%4 = add %0 %3 : s8"], ["%0"]),
        (["%3 = const 0 : u1", "%4 = add %3 %0 : s8"], ["%0"]),
        (["%3 = const 0 : u1", "%4 = sub %0 %3 : s8"], ["%0"]),
        (["%3 = sub %0 %0 : s9"], ["%3 = const 0 : s9", "%3"]),
        (["%3 = add %0 %0 : s9"], ["%3 = shl %0 1 : s9", "%3"]),
        # products
        (["%3 = const 0 : u1", "%4 = mul %0 %3 : s8"], ["%3 = const 0 : s8", "%3"]),
        (["%3 = const 1 : u1", "%4 = mul %0 %3 : s8"], ["%0"]),
        (["%3 = const 8 : u4", "%4 = mul %0 %3 : s11"], ["%3 = shl %0 3 : s11", "%3"]),
        (["%3 = const 8 : u4", "%4 = mul %3 %0 : s11"], ["%3 = shl %0 3 : s11", "%3"]),
        (
            ["%3 = const -8 : s4", "%4 = mul %0 %3 : s12"],
            ["%3 = const -8 : s4", "%4 = mul %0 %3 : s12", "%4"],
        ),
        # shifts
        (["%3 = shl %0 0 : s8"], ["%0"]),
        (["%3 = shr %0 0 : s8"], ["%0"]),
        (["%3 = shl %0 2 : s10", "%4 = shl %3 3 : s13"], ["%3 = shl %0 5 : s13", "%3"]),
        (["%3 = shr %0 2 : s6", "%4 = shr %3 3 : s3"], ["%3 = shr %0 5 : s3", "%3"]),
        (["%3 = shl %0 3 : s11", "%4 = shr %3 2 : s9"], ["%3 = shl %0 1 : s9", "%3"]),
        (["%3 = shl %0 3 : s11", "%4 = shr %3 3 : s8"], ["%0"]),
        (["%3 = shl %0 2 : s10", "%4 = shr %3 3 : s7"], ["%3 = shr %0 1 : s7", "%3"]),
        (
            ["%3 = shr %0 3 : s5", "%4 = shl %3 3 : s8"],
            ["%3 = shr %0 3 : s5", "%4 = shl %3 3 : s8", "%4"],
        ),
        (["%3 = add %0 %0 : s9", "%4 = shr %3 1 : s8"], ["%0"]),
        (["%3 = shr %2 4 : u1"], ["%3 = const 0 : u1", "%3"]),
        (
            ["%3 = shr %0 4000 : s1", "%4 = shr %3 4000 : s1"],
            ["%3 = shr %0 4096 : s1", "%3"],
        ),
        # comparisons
        (["%3 = gt %0 %0 : u1"], ["%3 = const 0 : u1", "%3"]),
        (["%3 = const 127 : s8", "%4 = gt %0 %3 : u1"], ["%3 = const 0 : u1", "%3"]),
        (["%3 = const -129 : s9", "%4 = gt %0 %3 : u1"], ["%3 = const 1 : u1", "%3"]),
        (["%3 = const 0 : u1", "%4 = gt %2 %3 : u1"], ["%2"]),
        (["%3 = fits %0 s8 : u1"], ["%3 = const 1 : u1", "%3"]),
        (["%3 = const -9 : s5", "%4 = fits %3 u8 : u1"], ["%3 = const 0 : u1", "%3"]),
        (["%3 = fits %0 s7 : u1"], ["%3 = fits %0 s7 : u1", "%3"]),
        # choices
        (["%3 = const 1 : u1", "%4 = mux %3 %0 %1 : s8"], ["%0"]),
        (["%3 = const 0 : u1", "%4 = mux %3 %0 %1 : s8"], ["%1"]),
        (["%3 = mux %2 %0 %0 : s8"], ["%0"]),
        (["%3 = const 1 : u1", "%4 = const 0 : u1", "%5 = mux %2 %3 %4 : u1"], ["%2"]),
        # formats that hold everything
        (["%3 = saturate %0 : s9"], ["%0"]),
        (["%3 = wrap %0 : s8"], ["%0"]),
        (["%3 = wrap %0 : u8"], ["%3 = wrap %0 : u8", "%3"]),
        # one thing leads to another
        (
            ["%3 = sub %0 %0 : s9", "%4 = mul %3 %1 : s16", "%5 = add %4 %1 : s17"],
            ["%1"],
        ),
    ],
    ids=lambda lines: "; ".join(lines),
)
def test_fold_constants(cells: Sequence[str], expected: Sequence[str]) -> None:
    assert folded(*cells) == expected


def test_a_net_that_replaces_a_select_becomes_one_bit() -> None:
    """%4 is read in place of %5, whose one bit a mux may select with."""
    before = parse(
        f"{INPUTS}cells\n"
        "  %3 = shr %0 7 : s8\n"
        "  %4 = mul %3 %3 : s8\n"
        "  %5 = saturate %4 : u1\n"
        "  %6 = mux %5 %0 %1 : s8\n"
        "output y\n  %6 : s8\n"
    )
    after = verify(remove_dead(fold_constants(verify(before))))
    assert to_text(after) == (
        f"{INPUTS}cells\n"
        "  %3 = shr %0 7 : s8\n"
        "  %4 = mul %3 %3 : u1\n"
        "  %5 = mux %4 %0 %1 : s8\n"
        "output y\n  %5 : s8\n"
    )


def test_narrow_keeps_what_a_saturation_to_one_bit_does() -> None:
    before = parse(
        "cells\n  %0 = const 1 : s8\n  %1 = saturate %0 : s1\n  %2 = saturate %0 : s4\n"
        "output y\n  %1 : s8\n  %2 : s4\n"
    )
    after = narrow(verify(before))
    assert to_text(verify(after)) == (
        "cells\n  %0 = const 1 : u1\n  %1 = saturate %0 : s1\n  %2 = saturate %0 : u1\n"
        "output y\n  %1 : s8\n  %2 : s4\n"
    )


def test_share() -> None:
    before = parse(
        f"{INPUTS}cells\n"
        "  %3 = add %0 %1 : s9\n"
        "  %4 = add %1 %0 : s9\n"
        "  %5 = sub %0 %1 : s9\n"
        "  %6 = sub %1 %0 : s9\n"
        "  %7 = saturate %3 : s8\n"
        "  %8 = saturate %4 : s7\n"
        "  %9 = saturate %4 : s8\n"
        "  %10 = mul %9 %7 : s16\n"
        "  %11 = wrap %3 : s8\n"
        "  %12 = wrap %3 : u8\n"
        "output y\n  %10 : s16\n  %9 : s8\n  %8 : s7\n  %6 : s9\n  %5 : s9\n"
        "output z\n  %11 : s8\n  %12 : u8\n"
    )
    after = remove_dead(share(verify(before)))
    assert to_text(verify(after)) == (
        f"{INPUTS}cells\n"
        "  %3 = add %0 %1 : s9\n"
        "  %4 = sub %0 %1 : s9\n"
        "  %5 = sub %1 %0 : s9\n"
        "  %6 = saturate %3 : s8\n"
        "  %7 = saturate %3 : s7\n"
        "  %8 = mul %6 %6 : s16\n"
        "  %9 = wrap %3 : s8\n"
        "  %10 = wrap %3 : u8\n"
        "output y\n  %8 : s16\n  %6 : s8\n  %7 : s7\n  %5 : s9\n  %4 : s9\n"
        "output z\n  %9 : s8\n  %10 : u8\n"
    )


def test_remove_dead_keeps_inputs_and_renumbers_tables() -> None:
    before = parse(
        f"{INPUTS}table @0\n  1 2\ntable @1\n  3 4\ncells\n"
        "  %3 = lookup %0 @0 : u2\n"
        "  %4 = lookup %1 @1 : u3\n"
        "output y\n  %4 : u3\n"
    )
    assert to_text(remove_dead(verify(before))) == (
        f"{INPUTS}table @0\n  3 4\ncells\n  %3 = lookup %1 @0 : u3\noutput y\n  %3 : u3\n"
    )


def neuron() -> Netlist:
    """Two weights, one of them a power of two; rounded to fewer bits, rectified and saturated."""
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)] * 2, fractions=[6, 6])
    products = b.mul(x, b.const([4, -3]))
    total = b.add(products[0], products[1])
    rounded = b.shr(b.add(total, b.const(2)), 2)
    positive = b.mux(b.gt(rounded, b.const(0)), rounded, b.const(0))
    b.output("prediction", b.saturate(positive, Format(8, True)), fractions=[6])
    b.output("forward_saturations", b.sub(b.const(1), b.fits(positive, Format(8, True))))
    return b.build()


def test_neuron(golden: Callable[[str, str], None]) -> None:
    before = neuron()
    golden("neuron.txt", to_text(before))
    golden("neuron_optimised.txt", to_text(optimise(before)))
