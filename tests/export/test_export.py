"""An exported core passes its own test benches, and every reader of Verilog is content with it."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import pytest

from catgrad import CatgradError
from catgrad.export import Options, files
from catgrad.export import bench as bench_module
from catgrad.export.verilog import core_verilog
from catgrad.hardware import Hardware
from catgrad.hardware.exporting import description
from sim import cell_models
from tests.export.cores import CORES
from tests.export.tools import icarus, lint, run, verilator, yosys

BUSES = [
    ("plain", None),
    ("axi", None),
    ("plain", "axi-lite"),
    ("axi", "axi-lite"),
    ("axi", "wishbone"),
]
EVERY = [("spatial", *bus) for bus in BUSES] + [
    ("folded", "plain", None),
    ("folded", "axi", "axi-lite"),
    ("folded", "plain", "wishbone"),
    ("pipelined", "plain", None),
    ("pipelined", "axi", "axi-lite"),
    ("turns", "axi", "axi-lite"),
    ("shifting", "axi", None),
    ("always", "plain", None),
    ("always", "axi", "axi-lite"),
    ("predicting", "axi", "axi-lite"),
    ("serial", "axi", "axi-lite"),
    ("wide", "plain", None),
    ("wide", "axi", "axi-lite"),
    ("wide", "plain", "wishbone"),
    ("empty", "plain", None),
    ("empty", "axi", "wishbone"),
]

NAMING = ("pipelined", "turns")
"""Those that name blocks of an FPGA."""


@cache
def hardware(core: str) -> Hardware:
    return CORES[core]()


@cache
def texts(core: str, streams: str, registers: str | None) -> dict[str, str]:
    options = Options("learner", streams, registers)
    return files(description(hardware(core), None, options, samples=24))


def written(folder: Path, core: str, streams: str, registers: str | None) -> Path:
    for name, text in texts(core, streams, registers).items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(("core", "streams", "registers"), EVERY)
def test_the_test_bench_passes_and_nothing_warns(
    core: str, streams: str, registers: str | None, tmp_path: Path
) -> None:
    folder = written(tmp_path, core, streams, registers)
    simulated = "learner_sim" if core in NAMING else "learner"
    assert (folder / "learner_sim.v").exists() == (core in NAMING)
    done = icarus(folder, simulated)
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(r"PASS: 24 samples in \d+ cycles\.\n", done.stdout), done.stdout
    assert lint(folder, simulated) == ""


@pytest.mark.parametrize(
    ("core", "registers"), [("always", None), ("folded", "wishbone"), ("serial", None)]
)
def test_it_is_system_verilog_too(core: str, registers: str | None, tmp_path: Path) -> None:
    """There a declaration's value is set before any process runs, and nothing sees it change.

    The same cycles, even under a bench in which the reset is 1 from the beginning.
    """
    folder = written(tmp_path, core, "plain", registers)
    wanted = icarus(folder).stdout
    assert wanted.startswith("PASS: 24 samples in ")
    assert icarus(folder, language="2012").stdout == wanted
    bench = (folder / "learner_tb.v").read_text()
    early = bench.replace("reg reset = 0;", "reg reset = 1;").replace("    #1 reset = 1;\n", "")
    assert len(early) < len(bench)
    (folder / "learner_tb.v").write_text(early)
    assert icarus(folder, language="2012").stdout == wanted


@pytest.mark.parametrize(("core", "streams", "registers"), EVERY)
def test_yosys_reads_it(core: str, streams: str, registers: str | None, tmp_path: Path) -> None:
    folder = written(tmp_path, core, streams, registers)
    blocks = "read_verilog -lib -specify +/ecp5/cells_sim.v +/ecp5/cells_bb.v; "
    commands = "read_verilog learner.v; hierarchy -check -top learner; proc; check -assert"
    said = yosys(folder, (blocks if core in NAMING else "") + commands)
    # A memory that is read in the same cycle is none that an FPGA has.
    warnings = [line for line in said.splitlines() if "Warning" in line]
    assert [w for w in warnings if "with list of registers" not in w] == []


def test_a_bench_of_many_parameters_compares_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = description(hardware("spatial"), None, Options(), samples=8)
    monkeypatch.setattr(bench_module, "MOST", 3)
    text = bench_module.bench(core)
    assert text.count("    check_parameter(") == 2 * 3
    assert text.count("    load_parameter(") == 6
    (tmp_path / "learner_tb.v").write_text(text)
    (tmp_path / "learner.v").write_text(core_verilog(core))
    assert icarus(tmp_path).stdout.startswith("PASS: 8 samples in ")


def test_nothing_but_the_description_shows() -> None:
    """No date, no path, no tool; the same bytes again."""
    for core, streams, registers in EVERY[::5]:
        first = texts(core, streams, registers)
        options = Options("learner", streams, registers)  # type: ignore[arg-type]
        assert files(description(CORES[core](), None, options, samples=24)) == first
        for name, text in first.items():
            said = text.lower() if name.endswith((".v", ".h")) else text
            for word in ("git sha", "yosys 0", "pypi", "verilog_backend", str(Path.home())):
                assert word not in said, (name, word)
            stamp = re.search(r"\b20\d\d-\d\d-\d\d\b|/usr/|/tmp/|site-packages", text)
            assert stamp is None, name


def test_wires_say_what_they_are() -> None:
    text = texts("spatial", "axi", "axi-lite")["learner.v"]
    assert re.search(r"^  assign mul_\d+ = .*;  // weights_gradient_exact\[2, 1\]$", text, re.M)
    assert re.search(r"^  reg \[\d+:0\] parameter_0;  // weights\[0, 0\]$", text, re.M)
    assert "//   prediction_exact = x @ weights  # " in text


@pytest.mark.parametrize("wrong", ["value", "silence", "parameter"])
def test_a_wrong_core_fails(wrong: str, tmp_path: Path) -> None:
    folder = written(tmp_path, "spatial", "plain", None)
    text = (folder / "learner.v").read_text()
    if wrong == "value":
        broken = re.sub(r"(assign mul_\d+ = .*) \* (.*);", r"\1 - \2;", text, count=1)
        sentence = r"Transfer \d+ of predictions is \w+, not \w+\."
    elif wrong == "silence":
        broken = re.sub(r"(reg|wire) prediction__valid;", r"wire prediction__valid = 1'h0;", text)
        broken = re.sub(r".*initial prediction__valid.*|.*prediction__valid <= .*", "", broken)
        broken = broken.replace("always @(posedge clk)\n\n", "\n")
        sentence = r"Cycle budget spent: 0 of 24 transfers of predictions arrived\."
    else:
        broken = text.replace("<< load__payload[2:0]", "<< 3'd0")
        sentence = r"parameter \d is \w+, not \w+\."
    assert broken != text
    (folder / "learner.v").write_text(broken)
    done = icarus(folder)
    assert done.returncode != 0
    assert re.search(sentence, done.stdout), done.stdout


@pytest.mark.parametrize(
    ("core", "streams", "registers"),
    [
        ("spatial", "plain", None),
        ("folded", "axi", "axi-lite"),
        ("shifting", "axi", None),
        ("predicting", "plain", None),
        ("serial", "plain", "axi-lite"),
        pytest.param("folded", "plain", "wishbone", marks=pytest.mark.slow),
        pytest.param("wide", "axi", "axi-lite", marks=pytest.mark.slow),
        pytest.param("always", "plain", None, marks=pytest.mark.slow),
    ],
)
def test_the_cocotb_bench_passes(
    core: str, streams: str, registers: str | None, tmp_path: Path
) -> None:
    """The streams and the registers of AXI are driven by cocotbext-axi, which others wrote."""
    folder = written(tmp_path, core, streams, registers)
    done = run(*python("test_learner.py"), folder=folder)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "TESTS=1 PASS=1 FAIL=0" in done.stdout


def test_the_cocotb_bench_notices_a_wrong_integer(tmp_path: Path) -> None:
    folder = written(tmp_path, "spatial", "axi", None)
    reference = (folder / "reference.py").read_text()
    (folder / "reference.py").write_text(reference.replace("x @ weights", "x @ weights + 1024"))
    done = run(*python("test_learner.py"), folder=folder)
    assert done.returncode != 0
    assert "AssertionError: sample 0: " in done.stdout


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "streams", "registers"),
    [("spatial", "plain", None), ("folded", "axi", "axi-lite"), ("wide", "plain", "wishbone")],
)
def test_verilator_agrees_to_the_cycle(
    core: str, streams: str, registers: str | None, tmp_path: Path
) -> None:
    folder = written(tmp_path, core, streams, registers)
    done = verilator(folder)
    assert done.returncode == 0, done.stdout
    assert icarus(folder).stdout in done.stdout


@pytest.mark.slow
def test_verilator_fails_where_a_core_is_wrong(tmp_path: Path) -> None:
    folder = written(tmp_path, "spatial", "plain", None)
    text = (folder / "learner.v").read_text()
    broken = re.sub(r"(assign mul_\d+ = .*) \* (.*);", r"\1 - \2;", text, count=1)
    (folder / "learner.v").write_text(broken)
    assert verilator(folder).returncode != 0


@pytest.mark.slow
def test_what_synthesis_makes_of_it_passes_too(tmp_path: Path) -> None:
    """The exported file through `synth_ice40`, its cells in the exported test bench."""
    folder = written(tmp_path, "spatial", "axi", "wishbone")
    yosys(
        folder,
        "read_verilog learner.v; synth_ice40 -top learner; write_verilog -noattr cells.v",
    )
    (folder / "models.v").write_text(cell_models.ice40())
    done = icarus(folder, "learner", "cells.v", "models.v")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("PASS: 24 samples in ")


def sentence(action) -> str:
    with pytest.raises(CatgradError) as error:
        action()
    return str(error.value)


def test_errors(tmp_path: Path) -> None:
    core = hardware("spatial")
    assert sentence(lambda: core.export(tmp_path, name="2nd")) == (
        "'2nd' cannot name a Verilog module; use letters, digits and underscores, beginning with a "
        "letter."
    )
    assert sentence(lambda: core.export(tmp_path, name="module")) == (
        "module is a keyword of Verilog and cannot name a module; choose another name, such as "
        "module_module."
    )
    assert sentence(lambda: core.export(tmp_path, streams="avalon")) == (
        "There are no streams of the kind 'avalon'; choose 'plain' for valid, ready and payload, "
        "or 'axi' for AXI4-Stream."
    )
    assert sentence(lambda: core.export(tmp_path, registers="apb")) == (
        "There is no register bus 'apb'; choose 'axi-lite', 'wishbone', or None for ports of their "
        "own."
    )
    assert sentence(lambda: core.export(tmp_path, samples=0)) == (
        "A test bench needs a whole number of samples, at least 1, not 0; leave it out for a "
        "number that suits the model."
    )
    assert not list(tmp_path.iterdir())
    assert sentence(lambda: core.export(tmp_path, name="clk")) == (
        "clk names a signal inside this core, and cannot name the module too; choose another name, "
        "such as clk_core."
    )
    assert sentence(lambda: core.export(tmp_path, name="parameter_0", streams="axi")) == (
        "parameter_0 names a signal inside this core, and cannot name the module too; choose "
        "another name, such as parameter_0_core."
    )
    assert not list(tmp_path.iterdir())
