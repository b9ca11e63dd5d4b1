"""Timing: how long the cells of a netlist take, by the model of a family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catgrad.circuit.delays import delays_ps
from catgrad.circuit.families import Delays
from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.loops import Loop
from catgrad.circuit.netlist import Kind, Netlist

ENTRIES = 64
"""A table of more entries is read from block RAM."""

BLOCK_RAM_PS = 2000
"""From the beginning of a cycle to the entry that a block RAM gives in it, without a family."""

ENOUGH = 3
"""A product with an operand of so many bits, or fewer, is not worth a multiplier block."""


@dataclass(frozen=True, eq=False)
class Timing:
    """How long the cells of a netlist take, in picoseconds, and in how many cycles.

    A cell with registers inside, `cycles` of them in a row, reads its arguments at the end of a
    stage, `setup` before it is over, and gives its result `launch` after the beginning of the stage
    `cycles` later; what lies between its registers takes `inside`. Any other, of `cycles` 0, has
    its result `through` after its last argument. An INPUT is right `launch` after the beginning of
    its stage, and registers are `register` after the beginning of any. Where a cell reads what a
    loop holds, that is right later than a register if it comes from a memory, or is saturated
    first: `start` is when all that comes from registers is right that a cell reads.

    An addition whose operand is the result of another need not wait for its top bit before it
    begins with the low ones: `saves : int64[n, 3]` is how much earlier it is right than by the sum
    of both.

    `is_exact`: whether a cell that takes longer than the period alone is a fault. The other arrays
    are int64[n].
    """

    cycles: IntArray
    through: IntArray
    setup: IntArray
    launch: IntArray
    inside: IntArray
    saves: IntArray
    register: int
    is_exact: bool
    start: IntArray


def in_memory(netlist: Netlist) -> BoolArray:
    """bool[n], the LOOKUP cells of a netlist whose tables are for block RAM."""
    large = np.array([len(table) > ENTRIES for table in netlist.tables] + [False])
    lookup = netlist.kind == Kind.LOOKUP
    found: BoolArray = large[np.where(lookup, netlist.value, -1).astype(np.int64)]
    return found


def in_block(netlist: Netlist, delays: Delays | None) -> BoolArray:
    """bool[n], the MUL cells that are a multiplier block each.

    Both operands fit, as signed numbers, and neither is so narrow that a few additions do.
    """
    if delays is None or not delays.block_bits:
        return np.zeros(len(netlist), np.bool_)
    args = np.maximum(netlist.args[:, :2], 0)
    bits = netlist.width[args] + ~netlist.signed[args]
    fits = (bits.max(axis=1) <= delays.block_bits) & (netlist.width[args].min(axis=1) > ENOUGH)
    found: BoolArray = (netlist.kind == Kind.MUL) & fits
    return found


def timing(
    netlist: Netlist,
    delays: Delays | None,
    period_ps: int | None,
    loops: Sequence[Loop] = (),
    bare: Sequence[int] = (),
) -> Timing:
    """The timing of a netlist by the model of a family.

    Without one it is that of `delays_ps`, whose registers take no time. A block is given the
    register in its middle too if the period is shorter than it takes; `bare`, the cells whose
    blocks have no registers.
    """
    memory, block = in_memory(netlist), in_block(netlist, delays)
    if delays is None:
        none = np.zeros(len(netlist), np.int64)
        launch = np.where(memory, BLOCK_RAM_PS, 0)
        through = np.where(memory, 0, delays_ps(netlist))
        saves = np.zeros((len(netlist), 3), np.int64)
        cycles = memory.astype(np.int64)
        return Timing(cycles, through, none, launch, none, saves, 0, False, none)
    deep = period_ps is not None and period_ps < delays.block > delays.block_deep
    through = _through(netlist, delays)
    through[list(bare)] = delays.block_through
    block[list(bare)] = False
    cycles = np.where(block, 3 if deep else 2, memory.astype(np.int64))
    through[cycles > 0] = 0
    doubled = _doublings(netlist, (through > 0) | (cycles > 0))
    wires = (delays.fanout * doubled).astype(np.int64)
    far = (delays.block_fanout * doubled).astype(np.int64)
    setup = np.where(block, delays.block_setup + far, 0)
    setup += np.where(memory, delays.memory_setup + wires, 0)
    launch = np.where(block, delays.block_out, 0) + np.where(memory, delays.memory_out, 0)
    launch[netlist.kind == Kind.INPUT] = delays.register
    launch[[loop.target for loop in loops if loop.is_memory]] = delays.queue_out
    held = [loop for loop in loops if not loop.is_queue]
    launch[[loop.target for loop in held]] = [
        _held_ps(netlist, delays, loop, loop.source in bare) for loop in held
    ]
    through += np.where(through > 0, wires, 0)
    inside = np.where(block, delays.block_deep if deep else delays.block, 0)
    saves = _saves(netlist, delays, through)
    starts = np.full(len(netlist), delays.register)
    late = np.zeros(len(netlist), np.int64)
    late[[loop.target for loop in held]] = launch[[loop.target for loop in held]]
    for kind, cells in netlist.groups:
        if kind.operands:
            args = netlist.args[cells, : kind.operands]
            starts[cells] = np.maximum(starts[cells], late[args].max(axis=1))
            # What only moves bits is no later than what it moves.
            late[cells] = np.where((through[cells] == 0) & (cycles[cells] == 0), starts[cells], 0)
    register = delays.register
    return Timing(cycles, through, setup, launch, inside, saves, register, True, starts)


def _held_ps(netlist: Netlist, delays: Delays, loop: Loop, of_block: bool) -> int:
    """When a number that a loop holds can be read: a register, a row of a memory, or a sum that
    is saturated first, in one look-up table for each bit.

    State begins anew after a reset, which takes a multiplexer behind a memory. The product of a
    block without registers of its own may be held in the block: see `catgrad.hdl.inside`.
    """
    if loop.distance > 1:
        return delays.queue_out + delays.lut * (loop.port == "state")
    if of_block and loop.port == "state":
        return max(delays.register, delays.block_out)
    return delays.register + (
        _limit(netlist, delays, loop.target) if loop.addend is not None else 0
    )


def _through(netlist: Netlist, delays: Delays) -> IntArray:
    """int64[n], what each cell takes without the wires of nets with many readers.

    Cells that only move bits take nothing, see `delays_ps`, and neither does a comparison that asks
    for a sign. One with 0 or with another constant, like FITS and SATURATE, is a tree of look-up
    tables over the bits that it has to look at. A SATURATE that looks at up to three of them is
    hardly more than a look-up table for each bit of its result. A product that is in no block is a
    tree of additions.
    """
    args = np.maximum(netlist.args, 0)
    operands = np.where(netlist.args >= 0, netlist.width[args], 0)
    width = operands.max(axis=1, initial=0)
    chain = delays.carry + delays.carry_bit * width
    first, second = args[:, 0], args[:, 1]
    constant = netlist.kind == Kind.CONST
    by_constant = constant[first] | constant[second]
    asks_sign = (constant & (netlist.value == 0).astype(np.bool_))[first]
    compared = np.where(by_constant, _tree(delays, width), chain + delays.compare)
    saturates = netlist.kind == Kind.SATURATE
    format = np.where(netlist.kind == Kind.FITS, netlist.value, 0).astype(np.int64)
    magnitude = np.where(saturates, netlist.width - netlist.signed, (format >> 1) - (format & 1))
    top = np.maximum(width - magnitude, 1)
    index = np.array([len(table).bit_length() - 1 for table in netlist.tables] + [0])
    table = index[np.where(netlist.kind == Kind.LOOKUP, netlist.value, -1).astype(np.int64)]
    rows = np.maximum(operands[:, :2].min(axis=1), 1)
    select = (delays.fanout * np.log2(np.maximum(netlist.width / 4, 1))).astype(np.int64)
    levels = np.ceil(np.log2(rows)).astype(np.int64) + 1
    of_kind = {
        Kind.ADD: chain,
        Kind.SUB: chain + delays.subtract,
        Kind.GT: np.where(asks_sign, 0, compared),
        Kind.MUL: levels * (delays.carry + delays.carry_bit * netlist.width),
        Kind.MUX: np.full(len(netlist), delays.lut),
        Kind.FITS: _tree(delays, top),
        Kind.SATURATE: np.where(top > 3, _tree(delays, top), delays.lut // 2) + delays.lut + select,
        Kind.LOOKUP: delays.lut + delays.tree * np.where(table > 4, table - 3, 0),
    }
    result = np.zeros(len(netlist), dtype=np.int64)
    moves = delays_ps(netlist) == 0
    for kind, times in of_kind.items():
        cells = (netlist.kind == kind) & ~moves
        result[cells] = times[cells]
    return result


def _saves(netlist: Netlist, delays: Delays, through: IntArray) -> IntArray:
    """int64[n, 3], what carry chains save that follow each other.

    A net that moves the bits of a sum is right from its low bits on too; `bits` counts, in its
    units, up to where.
    """
    bits = np.zeros(len(netlist), dtype=np.int64)
    saves = np.zeros((len(netlist), 3), dtype=np.int64)
    moves = {Kind.SHL: 1, Kind.SHR: -1, Kind.WRAP: 0}
    for kind, cells in netlist.groups:
        args = netlist.args[cells, : kind.operands]
        if kind in moves:
            shift = moves[kind] * netlist.value[cells].astype(np.int64)
            known = bits[args[:, 0]]
            bits[cells] = np.where(known > 0, np.maximum(known + shift, 0), 0)
        elif kind in (Kind.ADD, Kind.SUB, Kind.GT):
            chain = through[cells] >= delays.carry
            width = netlist.width[args].max(axis=1)
            early = np.minimum(bits[args], width[:, None]) * chain[:, None]
            saves[cells, :2] = delays.carry_bit * early
            if kind is not Kind.GT:
                # Where bits are only put side by side, nothing is known.
                bits[cells] = np.where(chain, width, 0)
    return saves


def _limit(netlist: Netlist, delays: Delays, cell: int) -> int:
    """A bound or a number, by two bits that go to the tables of all bits of the result."""
    doubled = np.log2(max(int(netlist.width[cell]) / 4, 1))
    return delays.lut + int(delays.fanout * doubled)


def _tree(delays: Delays, bits: IntArray) -> IntArray:
    """Look-up tables over so many bits."""
    doubled = np.ceil(delays.tree * np.log2(np.maximum(bits, 1))).astype(np.int64)
    tree: IntArray = np.where(bits <= 4, delays.lut, np.maximum(doubled, delays.lut))
    return tree


def _doublings(netlist: Netlist, reads: BoolArray) -> NDArray[np.float64]:
    """float64[n], of the net with the most readers among the arguments of each cell, how often
    these double beyond four; at most four times, as then its registers are better copied.

    `reads`: which cells are logic; a net that others pass on has their readers too. The select of
    a multiplexer goes to each of its bits.
    """
    loads = np.zeros(len(netlist), dtype=np.int64)
    for kind, cells in reversed(netlist.groups):
        own = np.where(reads[cells], 1, loads[cells])
        for operand in range(kind.operands):
            select = kind is Kind.MUX and operand == 0
            many = np.where(reads[cells], netlist.width[cells], own) if select else own
            np.add.at(loads, netlist.args[cells, operand], many)
    loads[netlist.kind == Kind.CONST] = 0
    doubled = np.log2(np.clip(loads / 4, 1, 16))
    most = np.where(netlist.args >= 0, doubled[netlist.args], 0)
    worst: NDArray[np.float64] = most.max(axis=1, initial=0)
    return worst
