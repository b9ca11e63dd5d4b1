"""Text round trips exactly, and a line that cannot be read is named."""

import pytest
from hypothesis import given

from catgrad.circuit import Netlist, NetlistBuilder, parse, to_text
from catgrad.errors import CatgradError
from tests.circuit.strategies import netlists


@given(netlists())
def test_round_trip(netlist: Netlist) -> None:
    assert parse(to_text(netlist)) == netlist


TEXT = """\
input x
  %0 : s16.12
  %1 : s16.-3
input y
table @0
  0 1 4 9
cells
  %2 = const -7 : s4
  %3 = add %0 %1 : s17
  %4 = shr %3 4 : s13
  %5 = fits %4 s8 : u1
  %6 = lookup %4 @0 : u4
  %7 = mux %5 %6 %2 : s5
  %8 = wrap %7 : u3
output z
  %8 : u3
  %3 : s20
"""


def test_text_of_every_form() -> None:
    assert to_text(parse(TEXT)) == TEXT
    netlist = parse(TEXT)
    assert netlist.input("x").fractions == (12, -3)
    assert netlist.input("y").fractions is None
    assert netlist.output("z").fractions is None
    assert netlist.tables == ((0, 1, 4, 9),)


def test_layout_and_comments_mean_nothing() -> None:
    loose = TEXT.replace("cells", "# a comment\n\ncells # another").replace("  %", "\t%")
    assert parse(loose) == parse(TEXT)


def test_long_tables_are_broken_into_lines() -> None:
    b = NetlistBuilder()
    b.lookup(b.const(0), range(32))
    netlist = b.build()
    assert len(to_text(netlist).splitlines()) == 6
    assert parse(to_text(netlist)) == netlist


def test_cells_may_stand_in_any_order() -> None:
    lines = "cells\n  %1 = shl %0 1 : s9\n"
    first, last = "input x\n  %0 : s8\n", "output y\n  %1 : s9\n"
    assert parse(last + lines + first) == parse(first + lines + last)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "\nhello",
            "Line 2: expected 'input NAME', 'table @0', 'cells' or 'output NAME', not 'hello'.",
        ),
        ("table @1\n  3", "Line 1: table @1 stands where @0 is next."),
        ("table @0\n  3 x", "Line 2: expected an integer, not 'x'."),
        ("input x\n  %0 s8", "Line 2: expected an element such as '%0 : s16', not '%0 s8'."),
        (
            "input x\n  %0 : q8",
            "Line 2: expected a format such as 's16', 'u8' or, in a port, 's16.12', not 'q8'.",
        ),
        ("input x\n  x0 : s8", "Line 2: expected a net such as '%0', not 'x0'."),
        (
            "input x\n  %0 : s8.4\n  %1 : s8",
            "Line 3: give fraction bits to every element of a port, or to none.",
        ),
        (
            "cells\n  %0 = const 3",
            "Line 2: expected a cell such as '%2 = add %0 %1 : s17', not '%0 = const 3'.",
        ),
        (
            "cells\n  %0 = foo %1 : s3",
            (
                "Line 2: there is no kind 'foo', only const, add, sub, mul, shl, shr, gt, mux, "
                "saturate, wrap, fits, lookup."
            ),
        ),
        (
            "cells\n  %0 = shl %1 : s3",
            "Line 2: expected a cell such as '%9 = shl %0 2 : s3', not '%0 = shl %1 : s3'.",
        ),
        ("cells\n  %0 = shl 1 %1 : s3", "Line 2: expected a net such as '%0', not '1'."),
        (
            "cells\n  %0 = fits %1 8 : u1",
            "Line 2: expected a format such as 's16', 'u8' or, in a port, 's16.12', not '8'.",
        ),
        ("cells\n  %0 = lookup %1 0 : u1", "Line 2: expected a table such as '@0', not '0'."),
        (
            "cells\n  %0 = const 3 : u4.2",
            "Line 2: only the elements of ports have fraction bits.",
        ),
        (
            "input x\n  %0 : s8\ncells\n  %0 = const 3 : u2",
            "Line 4: net %0 was already defined in line 2.",
        ),
        (
            "cells\n  %0 = const 3 : u2\n  %2 = const 3 : u2",
            "Line 3: net %2 is defined, but %1 is not; leave no gaps.",
        ),
    ],
    ids=lambda value: value.splitlines()[-1].strip(),
)
def test_faults(text: str, sentence: str) -> None:
    with pytest.raises(CatgradError) as caught:
        parse(text)
    assert str(caught.value) == sentence
