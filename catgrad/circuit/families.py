"""Delay models of FPGA families: what their parts take, as place and route reports it.

``python bench/delay_models.py measure`` has nextpnr place and route small designs of each family,
and ``... fit`` prints what their parts take alone beside the numbers kept here. These are larger:
in full designs, wires are longer. That of ECP5 holds for speed grade 6, of iCE40 for HX and UP, of
Gowin for GW1NR-9C C6/I5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catgrad.errors import CatgradError


@dataclass(frozen=True)
class Delays:
    """What the parts of an FPGA take, in picoseconds, with the wires that lead to each.

    Picture a path from register to register: it takes `register`, and then what each cell on it
    takes. `catgrad.circuit.timing` says how cells are made of these parts.

    - `register`: from the edge of the clock to the output of a register, and the setup of the next
    - `lut`: a look-up table, on the way of one bit or of each bit of a number
    - `tree`: look-up tables over many bits, for each time their number doubles
    - `carry`, `carry_bit`: onto a carry chain and off it, and each bit of it
    - `subtract`, `compare`: what these take beyond a carry chain
    - `fanout`: each time the readers of a net double beyond four
    - `block_bits`: the width of the operands of a multiplier block, sign included; 0 without blocks
    - `block_setup`: the wires to a block and the setup of its input registers; `block_fanout`: as
      `fanout`, for a net that leads to blocks, which are far apart; `block`: from the input to the
      output registers, `block_deep`: with a register between; `block_out`: from the edge of the
      clock to the output of those; `block_through`: through a block without registers, and the
      wires to it, 0 where no block is to be without
    - `memory_setup`, `memory_out`: the same for block RAM
    - `queue_out`: from the edge of the clock to what a queue in look-up tables shows
    - `adds_or_moves`: whether a cell of a carry chain can show another number instead of the sum
    """

    register: int
    lut: int
    tree: int
    carry: int
    carry_bit: int
    subtract: int
    compare: int
    fanout: int
    block_bits: int
    block_setup: int
    block_fanout: int
    block: int
    block_deep: int
    block_out: int
    memory_setup: int
    memory_out: int
    queue_out: int
    block_through: int = 0
    adds_or_moves: bool = False


_ICE40_HX = Delays(
    register=540,
    lut=1500,
    tree=1200,
    carry=1800,
    carry_bit=152,
    subtract=1000,
    compare=1550,
    fanout=200,
    block_bits=0,
    block_setup=0,
    block_fanout=0,
    block=0,
    block_deep=0,
    block_out=0,
    memory_setup=1900,
    memory_out=2150,
    queue_out=2150,
)

_ICE40_UP = Delays(
    register=1390,
    lut=3900,
    tree=3300,
    carry=4700,
    carry_bit=347,
    subtract=2800,
    compare=4700,
    fanout=400,
    block_bits=16,
    block_setup=4800,
    block_fanout=700,
    block=15000,
    block_deep=8000,
    block_out=1390,
    memory_setup=4500,
    memory_out=1400,
    queue_out=1400,
)

_ECP5 = Delays(
    register=525,
    lut=1300,
    tree=850,
    carry=2250,
    carry_bit=36,
    subtract=0,
    compare=1800,
    fanout=100,
    block_bits=18,
    block_setup=2700,
    block_fanout=600,
    block=3800,
    block_deep=2500,
    block_out=2400,
    memory_setup=1500,
    memory_out=5609,
    queue_out=1700,
    block_through=5200,
    adds_or_moves=True,
)

# Place and route knows no delay of its multipliers, with their registers or without: what they take
# is a cautious guess, and no clock that is reported for them is a fact.
_GOWIN = Delays(
    register=860,
    lut=1800,
    tree=1400,
    carry=2900,
    carry_bit=64,
    subtract=0,
    compare=1800,
    fanout=200,
    block_bits=18,
    block_setup=2500,
    block_fanout=600,
    block=12000,
    block_deep=12000,
    block_out=2500,
    memory_setup=2000,
    memory_out=4500,
    queue_out=2500,
)

DELAYS: Mapping[str, Delays] = MappingProxyType(
    {"ice40hx": _ICE40_HX, "ice40up": _ICE40_UP, "ecp5": _ECP5, "gowin": _GOWIN}
)
"""The families, by name."""


def delays_of(family: str) -> Delays:
    """The delay model of a family; CatgradError if there is none of that name."""
    if family not in DELAYS:
        raise CatgradError(
            f"There is no delay model for the family {family!r}; name one of {', '.join(DELAYS)}."
        )
    return DELAYS[family]
