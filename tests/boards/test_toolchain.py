"""From a top to its files: what the tools are told, what they are asked, and what they leave."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from scipy.signal import firwin

import boards
from boards import toolchain, yosys
from boards.budget import check, needs, pairs
from boards.build import Wired, build
from boards.design import Design
from boards.protocol import VERSION
from boards.report import BuildReport
from boards.toolchain import TOOLS, check_clocks, find, plan
from boards.top import Top
from catgrad import Formats, Spatial, compile_hardware, dsp, layers
from catgrad.circuit import Format, Netlist
from catgrad.errors import CatgradError
from catgrad.hdl.transducer import Transducer
from tests.boards.learners import lms

ICEBREAKER, ULX3S = boards.get("icebreaker"), boards.get("ulx3s")


def top_on(board: boards.Board, netlist: Netlist, cycles: int = 1) -> Top:
    return Top.on(board, Transducer(netlist, cycles=cycles), "lms")


def lut(inputs: list[int], output: int) -> dict[str, object]:
    ports = {f"I{i}": [bit] for i, bit in enumerate(inputs)}
    return {"type": "SB_LUT4", "connections": {**ports, "O": [output]}}


def flip_flop(data: int, output: int) -> dict[str, object]:
    return {"type": "SB_DFFESR", "connections": {"C": [1], "D": [data], "Q": [output]}}


@pytest.mark.parametrize("name", boards.BOARDS)
def test_every_board_says_how_much_it_has(name: str) -> None:
    board = boards.get(name)
    assert board.name == name
    assert {resource.name for resource in board.family.resources} == set(board.capacity)
    assert set(board.family.tools) <= set(TOOLS)


def test_the_clocks_of_the_boards() -> None:
    megahertz = {name: boards.get(name).clock_hz / 1e6 for name in boards.BOARDS}
    assert megahertz == {
        "icebreaker": 12,
        "hx8k": 12,
        "ulx3s": 25,
        "orangecrab": 48,
        "tang_nano_9k": 27,
        "tang_nano_20k": 27,
        "arty_a7": 100,
    }


def test_an_unknown_board() -> None:
    with pytest.raises(CatgradError) as error:
        boards.get("icebraker")
    assert str(error.value) == (
        "There is no board named 'icebraker'; name one of icebreaker, hx8k, ulx3s, orangecrab, "
        "tang_nano_9k, tang_nano_20k, arty_a7, or copy boards/icebreaker.py for your own and add "
        "its name to boards.BOARDS."
    )


def test_no_pin_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "find_spec", lambda _: None)
    with pytest.raises(CatgradError) as error:
        boards.get("icebreaker")
    assert str(error.value) == (
        "The pin tables of the boards are missing; install them with `pip install amaranth-boards`."
    )


@pytest.mark.parametrize("name", [name for name in TOOLS if name != "yosys"])
def test_a_missing_tool(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.sysconfig, "get_path", lambda _: os.devnull)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(CatgradError) as error:
        find(name)
    command, package = TOOLS[name]
    assert str(error.value) == (
        f"The tool {command} is missing; install it with `pip install {package}`."
    )


def test_no_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "find_spec", lambda _: None)
    with pytest.raises(CatgradError) as error:
        find("yosys")
    assert str(error.value) == (
        "The tool catgrad-yosys is missing; install it with `pip install pyosys`."
    )


def test_a_tool_without_its_package() -> None:
    with pytest.raises(CatgradError) as error:
        toolchain.version_of(toolchain.Tool("gowin_pack", "no-such-package-of-tools"))
    assert str(error.value) == (
        "The tool gowin_pack is missing; install it with `pip install no-such-package-of-tools`."
    )


def run_yosys(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, yosys.__file__, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_yosys_runs_scripts_then_commands_on_one_design(tmp_path: Path) -> None:
    (tmp_path / "m.v").write_text("module m(input a, output y); assign y = !a; endmodule\n")
    (tmp_path / "first.ys").write_text("read_verilog m.v\n")
    (tmp_path / "second.ys").write_text("hierarchy -top m\n")
    done = run_yosys(
        *["-q", "-l", "m.log", "-s", "first.ys", "second.ys", "-p", "proc; write_json m.json"],
        folder=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(json.loads((tmp_path / "m.json").read_text())["modules"]) == ["m"]
    assert "Executing JSON backend." in (tmp_path / "m.log").read_text()


def test_yosys_says_what_went_wrong(tmp_path: Path) -> None:
    done = run_yosys("-q", "-p", "read_verilog absent.v", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ERROR: File `absent.v' not found or is a directory\n"


def test_yosys_knows_its_version(tmp_path: Path) -> None:
    done = run_yosys("-V", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Yosys 0.")


def test_a_flip_flop_shares_the_place_of_a_table_that_drives_nothing_else() -> None:
    alone = [lut([2, 3], 4), flip_flop(4, 5)]
    shared = [lut([2, 3], 4), flip_flop(4, 5), lut([4], 6)]
    both = [lut([2, 3], 4), flip_flop(4, 5), flip_flop(4, 6)]
    undriven = [flip_flop(7, 8)]
    pair = ICEBREAKER.family.pair
    assert pair is not None
    assert [pairs(cells, pair) for cells in (alone, shared, both, undriven)] == [1, 0, 0, 0]
    assert needs(ICEBREAKER, alone)["logic cells"] == 1
    assert needs(ICEBREAKER, shared) == {
        "logic cells": 3,
        "flip-flops": 1,
        "multipliers": 0,
        "block RAMs": 0,
    }


def test_cells_of_an_ecp5() -> None:
    types = ["LUT4", "CCU2C", "TRELLIS_FF", "MULT18X18D", "DP16KD", "PFUMX", "TRELLIS_DPR16X4"]
    cells = [{"type": type, "connections": {}} for type in types]
    assert needs(ULX3S, cells) == {
        "logic cells": 9,
        "flip-flops": 1,
        "multipliers": 1,
        "block RAMs": 1,
    }


def test_too_many_logic_cells() -> None:
    cells = [{"type": "LUT4", "connections": {}}] * 83641
    with pytest.raises(CatgradError) as error:
        check("gpt", ULX3S, cells)
    assert str(error.value) == (
        "gpt does not fit: it needs 83641 logic cells (LUT4, CCU2C, TRELLIS_DPR16X4), and the "
        "ULX3S's LFE5U-85F has 83640 logic cells; make the model or its formats smaller, or "
        "choose a larger board."
    )


def test_all_that_is_too_many_is_named_and_what_fewer_lanes_spare() -> None:
    types = {"SB_MAC16": 9, "SB_RAM40_4K": 31}
    cells = [{"type": type, "connections": {}} for type, n in types.items() for _ in range(n)]
    with pytest.raises(CatgradError) as error:
        check("digits", ICEBREAKER, cells, lanes=9)
    assert str(error.value) == (
        "digits does not fit: it needs 9 multipliers (SB_MAC16) and 31 block RAMs (SB_RAM40_4K), "
        "and the iCEBreaker's UP5K has 8 multipliers and 30 block RAMs; take fewer than 9 lanes, "
        "each of which has a multiplier, logic and block RAMs of its own, make the model or its "
        "formats smaller, or choose a larger board."
    )


def test_too_many_multipliers_are_noticed_before_place_and_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOOLS, "nextpnr-ice40", toolchain.Tool("false", "numpy"))
    with pytest.raises(CatgradError) as error:
        build(ICEBREAKER, top_on(ICEBREAKER, lms(6)), tmp_path)
    assert str(error.value) == (
        "lms does not fit: it needs 12 multipliers (SB_MAC16), and the iCEBreaker's UP5K has 8 "
        "multipliers; make the model or its formats smaller, or choose a larger board."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_is_missed() -> None:
    with pytest.raises(CatgradError) as error:
        check_clocks("lms", ICEBREAKER, {"clk": {"achieved": 9.8765, "constraint": 12.0}})
    assert str(error.value) == (
        "lms is too slow for the iCEBreaker: it reaches 9.88 MHz and the clock has 12 MHz; "
        "compute each sample in more cycles."
    )


def test_a_tool_that_fails(tmp_path: Path) -> None:
    family = dataclasses.replace(ICEBREAKER.family, before_synthesis="read_verilog absent.v")
    board = dataclasses.replace(ICEBREAKER, family=family)
    with pytest.raises(CatgradError) as error:
        build(board, top_on(board, lms(1)), tmp_path)
    log = tmp_path / "lms.log"
    assert str(error.value) == (
        f"catgrad-yosys failed on lms for the iCEBreaker: ERROR: File `absent.v' not found or is "
        f"a directory; all that it said is in {log}."
    )
    assert list(tmp_path.iterdir()) == [log]


def test_a_bitstream_for_the_icebreaker(tmp_path: Path) -> None:
    top = top_on(ICEBREAKER, lms(2), cycles=2)
    report = build(ICEBREAKER, top, tmp_path)
    uses = {use.resource: use for use in report.uses}
    assert uses["multipliers"].used == 4
    assert uses["multipliers"].available == 8
    assert 0 < uses["flip-flops"].used < uses["logic cells"].used < 5280
    (clock,) = report.clocks
    assert clock.fmax_mhz >= clock.target_mhz == 12
    assert report.samples_per_second == pytest.approx(12e6 / top.learner.interval)

    stem = f"lms-{report.made_of[:12]}"
    assert set(report.files) == {f"{stem}.bin", f"{stem}.v", f"{stem}.design.json"}
    assert {file.name for file in tmp_path.iterdir()} == {*report.files, "lms.report.json"}
    for name, digest in report.files.items():
        assert sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert Design.read(tmp_path / report.file(".design.json")) == top.design
    assert (tmp_path / "lms.report.json").read_text() == report.to_json()
    assert BuildReport.from_json(report.to_json()) == report


@pytest.mark.slow
def test_a_bitstream_for_the_ulx3s_and_the_same_again(tmp_path: Path) -> None:
    for folder in ("once", "again"):
        report = build(ULX3S, top_on(ULX3S, lms(2)), tmp_path / folder)
    uses = {use.resource: use.used for use in report.uses}
    assert uses["multipliers"] == 4
    for name in (*report.files, "lms.report.json"):
        once, again = ((tmp_path / folder / name).read_bytes() for folder in ("once", "again"))
        assert once == again


@pytest.mark.slow
def test_the_same_icebreaker_bitstream_again(tmp_path: Path) -> None:
    once, again = (
        build(ICEBREAKER, top_on(ICEBREAKER, lms(2)), tmp_path / folder)
        for folder in ("once", "again")
    )
    assert once == again


def test_the_names_of_files_follow_from_what_they_are_made_of() -> None:
    def made_of(board: boards.Board, netlist: Netlist) -> str:
        return plan(board, Wired(top_on(board, netlist), board), "lms").digest

    hashes = {made_of(board, lms(n)) for board in (ICEBREAKER, ULX3S) for n in (1, 2)}
    assert len(hashes) == 4
    assert made_of(ICEBREAKER, lms(1)) in hashes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hx8k", "orangecrab", "tang_nano_9k", "tang_nano_20k"])
def test_a_bitstream_for_every_other_board(name: str, tmp_path: Path) -> None:
    board = boards.get(name)
    report = build(board, top_on(board, lms(1), cycles=2), tmp_path)
    uses = {use.resource: use.used for use in report.uses}
    assert uses["multipliers"] == (2 if board.capacity["multipliers"] else 0)
    assert 0 < uses["flip-flops"] < uses["logic cells"]
    [clock] = report.clocks
    assert (clock.fmax_mhz is None) == (board.family.name == "Gowin")
    assert (tmp_path / report.file(f".{board.family.bitstream}")).stat().st_size > 10_000


@pytest.mark.slow
def test_a_bitstream_with_multipliers_of_gowin_by_name(tmp_path: Path) -> None:
    board = boards.get("tang_nano_9k")
    model = dsp.fir(firwin(9, 0.3), form="symmetric", bits=16)
    schedule = Spatial(clock=board.clock_hz, family="gowin")
    formats = Formats.uniform(16, 15)
    hardware = compile_hardware(model, layers.sgd(0), layers.mse, formats, schedule)
    report = build(board, Top.on(board, hardware.component(), "fir"), tmp_path)
    assert {use.resource: use.used for use in report.uses}["multipliers"] == 5
    assert (tmp_path / report.file(".v")).read_text().count("MULT18X18 #(") == 5
    assert (tmp_path / report.file(".fs")).stat().st_size > 10_000


def test_a_clock_that_is_not_known() -> None:
    board = boards.get("tang_nano_9k")
    [clock] = check_clocks("lms", board, {"clk": {"achieved": 98.765, "constraint": 27.0}})
    assert str(clock) == (
        "27 MHz needed; what is reached is not known, since nextpnr leaves multipliers out"
    )
    with pytest.raises(CatgradError) as error:
        check_clocks("lms", board, {"clk": {"achieved": 9.8765, "constraint": 27.0}})
    assert str(error.value) == (
        "lms is too slow for the Tang Nano 9K: it reaches at most 9.88 MHz and the clock has 27 "
        "MHz; compute each sample in more cycles."
    )


def test_cells_of_a_gowin() -> None:
    types = ["LUT4", "LUT1", "ALU", "MUX2_LUT5", "DFFRE", "MULT18X18", "DPX9B", "RAM16SDP4"]
    cells = [{"type": type, "connections": {}} for type in types]
    assert needs(boards.get("tang_nano_20k"), cells) == {
        "logic cells": 7,
        "flip-flops": 1,
        "multipliers": 1,
        "block RAMs": 1,
    }


def test_designs_differ_in_their_digest() -> None:
    def digest(netlist: Netlist, initial: list[int]) -> str:
        return Top(Transducer(netlist, initial), "lms", 8).design.digest

    digests = {digest(lms(2), [0, 0]), digest(lms(2), [0, 1]), digest(lms(3), [0, 0, 0])}
    assert len(digests) == 3
    assert digest(lms(2), [0, 0]) in digests


def test_a_design_file_is_read_back() -> None:
    design = top_on(ULX3S, lms(3)).design
    assert Design.from_json(design.to_json()) == design
    assert VERSION == 3


@pytest.mark.parametrize(
    ("x", "place", "what"),
    [
        (1, 1 << 24, "16777217 addresses of parameters and the link to a host carries 16777216"),
        (65535, 0, "65536 bytes in a sample and the link to a host carries 65535"),
    ],
)
def test_a_design_that_the_protocol_has_no_room_for(x: int, place: int, what: str) -> None:
    byte = (Format(8, True),)
    with pytest.raises(CatgradError) as error:
        Design("gpt", True, byte * x, byte, byte, byte, digest="00", places=(place,))
    assert str(error.value) == f"gpt has {what}; make the model or its formats smaller."


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"x": 1}', '{"name": "lms"}'])
def test_a_file_that_is_not_of_a_design(text: str) -> None:
    with pytest.raises(CatgradError) as error:
        Design.from_json(text)
    assert str(error.value) == (
        "This is not the description of a design; give the .design.json file that stands beside "
        "the bitstream."
    )


def test_gowins_multipliers_of_all_sizes() -> None:
    sizes = ["MULT9X9"] * 3 + ["MULT18X18", "MULT36X36"]
    cells = [{"type": size, "connections": {}} for size in sizes]
    assert needs(boards.get("tang_nano_9k"), cells)["multipliers"] == 7  # of 18 x 18 bits
