"""A row memory remembers, in block RAM."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from boards import yosys
from boards.board import PREPARE
from catgrad.errors import CatgradError
from catgrad.hdl.row_memory import RowMemory
from catgrad.hdl.verilog import verilog


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2]), st.data())
@settings(max_examples=30)
def test_a_read_finds_what_was_written_before_its_cycle(
    lanes: int, width: int, rows: int, read: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    given_rows = data.draw(st.integers(0, rows))
    init = rng.integers(-(1 << (width - 1)), 1 << width, size=(given_rows, lanes))
    memory = RowMemory(lanes, width, rows, init.tolist(), read)
    contents = np.zeros((rows, lanes), dtype=np.int64)
    contents[:given_rows] = init % (1 << width)
    expected, seen = [], []

    async def testbench(ctx: SimulatorContext) -> None:
        for _ in range(60):
            row, place = rng.integers(rows, size=2).tolist()
            numbers = rng.integers(1 << width, size=lanes)
            enable = rng.integers(2, size=lanes)
            ctx.set(memory.read_row, row)
            ctx.set(memory.write_row, place)
            ctx.set(memory.write_data, numbers.tolist())
            ctx.set(memory.write_enable, int(enable @ (1 << np.arange(lanes))))
            expected.append(contents[row].tolist())
            contents[place] = np.where(enable, numbers, contents[place])
            await ctx.tick()
            seen.append([ctx.get(memory.read_data[lane]) for lane in range(lanes)])

    simulator = Simulator(memory)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen[read - 1 :] == expected[: len(expected) - (read - 1)]


@pytest.mark.parametrize(
    ("family", "lanes", "rows", "read", "cells"),
    [
        # The look-up tables are inverters: the block also takes a mask, which is active low.
        ("ice40", 2, 256, 1, {"SB_RAM40_4K": 2, "SB_LUT4": 2}),
        ("ice40", 1, 512, 1, {"SB_RAM40_4K": 2}),
        ("ice40", 1, 256, 2, {"SB_RAM40_4K": 1, "SB_LUT4": 1, "SB_DFF": 16}),
        ("ecp5", 2, 1024, 1, {"DP16KD": 2}),
    ],
)
@pytest.mark.parametrize("source", ["verilog", "rtlil"])
def test_it_is_made_of_block_ram(
    source: str,
    family: str,
    lanes: int,
    rows: int,
    read: int,
    cells: dict[str, int],
    tmp_path: Path,
) -> None:
    memory = RowMemory(lanes, 16, rows, [[1] * lanes], read, collisions=False)
    text = (
        verilog(memory, "memory") if source == "verilog" else rtlil.convert(memory, name="memory")
    )
    (tmp_path / "memory").write_text(text)
    script = [f"read_{source} memory", PREPARE, f"synth_{family} -top memory -json memory.json"]
    (tmp_path / "memory.ys").write_text("\n".join(script))
    command = [sys.executable, yosys.__file__, "-q", "-s", "memory.ys"]
    subprocess.run(command, cwd=tmp_path, check=True)
    netlist = json.loads((tmp_path / "memory.json").read_text())["modules"]["memory"]
    types = Counter(cell["type"] for cell in netlist["cells"].values())
    types.pop("$scopeinfo", None)
    assert types == cells


def test_each_fault_is_named() -> None:
    with pytest.raises(CatgradError) as caught:
        RowMemory(2, 16, 4, read=3)
    assert str(caught.value) == "A read takes 1 or 2 cycles, not 3; choose one of these."
    with pytest.raises(CatgradError) as caught:
        RowMemory(2, 16, 4, [[1, 2, 3]])
    assert str(caught.value) == (
        "The initial contents are 1 rows of [3] numbers each, but the memory has 4 rows of 2; give "
        "it at most so many rows, each of so many numbers."
    )
