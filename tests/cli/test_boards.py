"""`catgrad build`, `boards`, `program` and `doctor`."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import boards
from boards.report import BuildReport
from catgrad.cli import doctor, main

FILE = """\
from catgrad import Dtype, NdArrayType, layers

def T(n):
    return NdArrayType((n,), Dtype.float32)

model = layers.linear(T(1), T(4), T(3))
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with a model, in the directory that commands run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "program.py").write_text(FILE)
    return "program.py"


def test_the_boards(capsys) -> None:
    assert main(["boards"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *boards.BOARDS]
    assert main(["boards", "--json"]) == 0
    found = {board["name"]: board for board in json.loads(capsys.readouterr().out)}
    assert found["icebreaker"]["capacity"]["multipliers"] == 8
    assert found["orangecrab"]["clock_hz"] == 48e6
    assert [name for name, board in found.items() if not board["bitstream"]] == ["arty_a7"]


def test_the_sources_for_a_vendors_tools(file, capsys) -> None:
    """Made twice, the same files; the second time they are only looked at."""
    command = ["build", file, "--board", "arty_a7", "--lanes", "2", "--json"]
    assert main(command) == 0
    report = BuildReport.from_json(capsys.readouterr().out)
    folder = Path("build/arty_a7")
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    stem = f"program_-{report.made_of[:12]}"
    assert written == {*report.files, "program_.report.json"}
    assert set(report.files) == {
        f"{stem}.v",
        f"{stem}.design.json",
        *(f"{stem}/program_.{suffix}" for suffix in ("v", "xdc", "tcl")),
    }
    assert "set_property LOC A9" in (folder / f"{stem}/program_.xdc").read_text()
    before = {name: (folder / name).stat().st_mtime_ns for name in written}
    assert main(command) == 0
    assert BuildReport.from_json(capsys.readouterr().out) == report
    assert {name: (folder / name).stat().st_mtime_ns for name in written} == before


def test_a_damaged_file_is_made_again(file, capsys) -> None:
    command = ["build", file, "--board", "arty_a7", "--lanes", "2", "--json"]
    assert main(command) == 0
    report = BuildReport.from_json(capsys.readouterr().out)
    design = Path("build/arty_a7") / report.file(".design.json")
    whole = design.read_bytes()
    design.write_bytes(whole[:-9])
    assert main(command) == 0
    assert design.read_bytes() == whole


def test_vendors_tools_load_what_they_made(file, capsys) -> None:
    assert main(["build", file, "--board", "arty_a7", "--lanes", "2", "--json"]) == 0
    report = BuildReport.from_json(capsys.readouterr().out)
    assert main(["program", "build/arty_a7/program_.report.json"]) == 1
    assert capsys.readouterr().err == (
        "The Arty A7-35 takes bitstreams of its vendor's tools, and build/arty_a7/program_.report."
        f"json has none; run {report.file('.tcl')} there, and load what comes of it with "
        "openFPGALoader -b arty.\n"
    )


def finished(name: str, folder: Path) -> Path:
    """The report of a build for a board."""
    report = BuildReport(
        name="digits",
        board=name,
        digest="00",
        made_of="11",
        uses=(),
        clocks=(),
        clock_mhz=12.0,
        interval=640,
        tools={},
        files={"digits-11.bin": sha256(b"bits").hexdigest(), "digits-11.v": "33"},
    )
    (folder / "digits-11.bin").write_bytes(b"bits")
    path = folder / "digits.report.json"
    path.write_text(report.to_json())
    return path


def test_what_loads_a_bitstream(tmp_path: Path, capsys) -> None:
    path = finished("icebreaker", tmp_path)
    assert main(["program", str(path), "--dry-run"]) == 0
    assert capsys.readouterr().out == f"iceprog {tmp_path / 'digits-11.bin'}\n"


def test_a_bitstream_that_is_not_that_of_the_report(tmp_path: Path, capsys) -> None:
    path, bitstream = finished("icebreaker", tmp_path), tmp_path / "digits-11.bin"
    wanted = sha256(b"bits").hexdigest()
    for content in (b"other", None):
        if content is None:
            bitstream.unlink()
            found = "missing"
        else:
            bitstream.write_bytes(content)
            found = sha256(content).hexdigest()
        assert main(["program", str(path), "--dry-run"]) == 1
        assert capsys.readouterr().err == (
            f"The bitstream {bitstream} is not that of {path}: its SHA-256 is {found}, not "
            f"{wanted}; run `catgrad build` again.\n"
        )


def test_no_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["program", str(finished("icebreaker", tmp_path))]) == 1
    assert capsys.readouterr().err == (
        "The loader iceprog of the iCEBreaker is missing; `catgrad doctor` says how to install "
        "it.\n"
    )


def test_a_loader_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    loader = tmp_path / "iceprog"
    loader.write_text("#!/bin/sh\nexit 3\n")
    loader.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert main(["program", str(finished("icebreaker", tmp_path))]) == 1
    assert capsys.readouterr().err == (
        f"iceprog {tmp_path / 'digits-11.bin'} failed; see what it printed above, and whether the "
        "board is plugged in and you may use its USB port.\n"
    )


def test_what_is_no_report(tmp_path: Path, capsys) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}")
    assert main(["program", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"{path} is not the report of a build; name the .report.json that `catgrad build` wrote.\n"
    )
    assert main(["program", str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().err == (
        f"There is no report {tmp_path / 'absent'}; run `catgrad build` first, or name the "
        f".report.json that it wrote.\n"
    )


def test_an_error_of_no_file(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def fail(_: str) -> None:
        raise OSError("cannot allocate memory")

    monkeypatch.setattr(boards, "get", fail)
    assert main(["boards"]) == 1
    assert capsys.readouterr().err == "cannot allocate memory\n"


def test_an_unknown_board(file, capsys) -> None:
    assert main(["build", file, "--board", "breadboard"]) == 1
    assert capsys.readouterr().err.startswith("There is no board named 'breadboard'; name one of ")


def test_the_doctor_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    [line] = [line for line in lines if " iverilog " in line]
    assert line.split() == [
        "simulate",
        "iverilog",
        "missing",
        *["sudo", "apt", "install", "iverilog"],
    ]
    assert main(["doctor", "--json"]) == 0
    tools = {tool["name"]: tool for tool in json.loads(capsys.readouterr().out)["tools"]}
    assert tools["iverilog"]["version"] is None
    assert tools["numpy"]["version"] is not None


def test_the_doctor_fails_where_nothing_compiles(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(doctor, "found_version", lambda _: None)
    assert main(["doctor"]) == 1
    assert "pip install catgrad" in capsys.readouterr().out.replace("'", "")


def test_the_version_that_a_command_says(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Tool version 12.3 (stable)"\n')
    tool.chmod(0o755)
    assert doctor.said_version(str(tool)) == "12.3"
    tool.write_text("#!/bin/sh\nexit 1\n")
    assert doctor.said_version(str(tool)) == "there"
