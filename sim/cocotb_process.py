"""The process in which cocotb's runner builds a Verilog simulator and starts the bench in it.

    python -m sim.cocotb_process SIMULATOR BUILD [WAVEFORM]

in the directory of the run, where the Verilog and the stimulus are. It is a process of its own
because the runner takes PATH and MAKEFLAGS from its own environment, prints what the simulators
print, and exits where they fail.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from cocotb_tools.runner import get_runner

from sim.exchange import PORTS, TOP


def build(simulator: str, directory: Path, traced: bool) -> None:
    """Build the simulator in a directory that only appears when it is complete."""
    verilator = simulator == "verilator"
    with TemporaryDirectory(
        prefix="unfinished-", dir=directory.parent, ignore_cleanup_errors=True
    ) as unfinished:
        get_runner(simulator).build(
            sources=[f"{TOP}.v", *([PORTS] if verilator else [])],
            hdl_toplevel=TOP,
            build_dir=unfinished,
            # cocotb would have Verilator make every signal visible, and so optimise none away:
            # several times the code. PORTS names those that the bench needs. Warnings are for a
            # test of their own.
            build_args=["--no-public-flat-rw", "-Wno-fatal"] if verilator else [],
            timescale=("1ns", "1ps"),
            waves=traced,
        )
        # It fails if another process has built the same meanwhile, and then nothing is missing.
        with suppress(OSError):
            Path(unfinished).rename(directory)


def run(simulator: str, directory: Path, waveform: str | None) -> None:
    """Run `sim.bench_cocotb` in the simulator that was built in `directory`."""
    get_runner(simulator).test(
        test_module="sim.bench_cocotb",
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        build_dir=directory,
        test_dir=".",
        waves=waveform is not None,
        plusargs=[f"+dumpfile_path={waveform}"] if waveform else [],
        test_args=["--trace-file", waveform] if waveform and simulator == "verilator" else [],
    )


def main(simulator: str, built: str, waveform: str | None = None) -> None:
    if not Path(built).exists():
        build(simulator, Path(built), waveform is not None)
    run(simulator, Path(built), waveform)


if __name__ == "__main__":
    main(*sys.argv[1:])
