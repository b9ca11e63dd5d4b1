"""What benchmarks count of a design is what it takes without the pins around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import place
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from place import ECP5_25F, TOP, UP5K, Device, Enclosed, place_and_route, synthesise

from boards.budget import pairs


class Part(wiring.Component):
    """Outputs behind registers and behind logic, and some that never change."""

    def __init__(self) -> None:
        outputs = {"total": Out(5), "same": Out(1), "either": Out(4), "nothing": Out(9)}
        super().__init__({"a": In(4), "b": In(4), **outputs})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.total.eq(self.a + self.b)
        m.d.comb += [self.same.eq(self.a == self.b), self.either.eq(self.a | self.b)]
        return m


def netlist(
    device: Device, folder: Path, part: wiring.Component | Module, ports: list[Value]
) -> dict[str, Any]:
    """What synthesis makes of it."""
    return synthesise(device, folder, rtlil.convert(part, name=TOP, ports=ports, emit_src=False))


def cells(device: Device, netlist: dict[str, Any]) -> int:
    """The look-up tables, and where they share cells with them, the flip-flops as well."""
    found = list(netlist["cells"].values())
    tables = sum("LUT" in cell["type"] for cell in found)
    if device.family.pair is None:
        return tables
    registers = sum(cell["type"].startswith("SB_DFF") for cell in found)
    return tables + registers - pairs(found, device.family.pair)


@pytest.mark.parametrize("device", [UP5K, ECP5_25F], ids=lambda device: device.name)
def test_an_enclosure_takes_the_cells_that_it_says(device: Device, tmp_path: Path) -> None:
    part, enclosed = Part(), Enclosed(Part())
    ports = [Value.cast(value) for _, _, value in part.signature.flatten(part)]
    alone = cells(device, netlist(device, tmp_path, part, ports))
    whole = netlist(device, tmp_path, enclosed.module(), enclosed.pins)
    assert 0 < Enclosed.cells(device, whole) == cells(device, whole) - alone


def test_nothing_is_placed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool in its place says that a clock is ten times its seed."""
    seeds: list[int] = []

    def run(command: list[str], cwd: Path, **_: object) -> None:
        seeds.append(int(command[command.index("--seed") + 1]))
        report = {
            "fmax": {"clk": {"achieved": 10.0 * seeds[-1]}},
            "utilization": {"ICESTORM_LC": {"used": 7}},
        }
        (cwd / command[command.index("--report") + 1]).write_text(json.dumps(report))

    monkeypatch.setattr(place.subprocess, "run", run)
    for netlist, mhz, placed in (
        ("a", 45, [1, 3]),
        ("a", 45, []),
        ("b", 45, [1, 3]),
        ("b", 46, [1, 3]),
    ):
        seeds.clear()
        (tmp_path / "netlist.json").write_text(netlist)
        found = place_and_route(UP5K, tmp_path, [1, 3], mhz)
        assert seeds == placed
        assert (found.clocks, found.clock) == ((10.0, 30.0), 20.0)
        assert found.uses == {"logic cells": 7, "multipliers": 0, "block RAMs": 0}
    place_and_route(UP5K, tmp_path, [1, 2, 3], 46)
    assert seeds == [1, 3, 2]
