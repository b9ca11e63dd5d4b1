"""What stands beside the Verilog of a core: register map, header, manifest, README."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from catgrad.export import Options
from catgrad.export.description import Description
from catgrad.export.registers import header, map_of, parameter_addresses, register_page
from catgrad.export.write import files
from catgrad.hardware.exporting import description
from tests.export.cores import CORES
from tests.export.tools import run


@cache
def core(name: str, streams: str = "axi", registers: str | None = "axi-lite") -> Description:
    options = Options("learner", streams, registers)
    return description(CORES[name](), None, options, samples=2)


def test_the_register_map(golden: Callable[[str, str], None]) -> None:
    """Names of C and of people, for the same addresses."""
    golden("registers.md", re.sub(r"`0x\w{8}`", "`0x........`", register_page(core("spatial"))))


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
