"""A learner in someone else's design: export a core, simulate what it is in, build it for a board.

`canceller.v` is written by hand, as is its test bench; it cancels noise with an adaptive filter,
the core `lms` that is exported here with AXI4-Stream ports. It learns on one multiplier block,
which `lms.v` names; `lms_sim.v` is the same for simulators.

    python examples/embed/embed.py            # export, simulate in Icarus Verilog
    python examples/embed/embed.py --board    # and build a bitstream for an iCEBreaker
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import lms  # noqa: E402

from boards.toolchain import find  # noqa: E402
from catgrad import CatgradError, Folded, compile_hardware, layers  # noqa: E402

BUILD = HERE.parents[1] / "build" / "embed"
SOURCES = ("canceller.v", "canceller_tb.v", "icebreaker.pcf")
CLOCK_MHZ = 12
RATE = 2**-4


def export(folder: Path) -> None:
    """The core, beside the files of the design that it goes into."""
    hardware = compile_hardware(
        lms.model(), layers.sgd(RATE), layers.mse, lms.FORMATS, Folded(lanes=1, family="ice40")
    )
    hardware.export(folder, name="lms", streams="axi")
    for name in SOURCES:
        shutil.copy(HERE / name, folder)


def run(folder: Path, *command: str) -> str:
    """What a command says; CatgradError with the end of that if it fails."""
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-12:])
        raise CatgradError(f"{' '.join(command)} failed:\n{last}")
    return done.stdout


def simulate(folder: Path) -> str:
    """The test bench of the core, then that of the design."""
    said = ""
    for top, sources in (("lms", ["lms_sim.v"]), ("canceller", ["canceller.v", "lms_sim.v"])):
        built = [f"{top}_tb.v", *sources]
        run(folder, "iverilog", "-g2005", "-Wall", "-o", f"{top}_tb.out", *built)
        said += run(folder, "vvp", "-n", f"{top}_tb.out")
    return said


def bitstream(folder: Path) -> str:
    """From Verilog to `canceller.bin`, and how fast and how large it is."""
    synthesis = "read_verilog canceller.v lms.v; synth_ice40 -top canceller -json canceller.json"
    run(folder, *find("yosys"), "-q", "-p", synthesis)
    device = ["--up5k", "--package", "sg48", "--pcf", "icebreaker.pcf", "--freq", str(CLOCK_MHZ)]
    files = ["--json", "canceller.json", "--asc", "canceller.asc", "--report", "timing.json"]
    run(folder, *find("nextpnr-ice40"), "--quiet", "--seed", "1", *device, *files)
    run(folder, *find("icepack"), "canceller.asc", "canceller.bin")
    report = json.loads((folder / "timing.json").read_text())
    [clock] = report["fmax"].values()
    cells = report["utilization"]["ICESTORM_LC"]
    multipliers = report["utilization"]["ICESTORM_DSP"]
    return (
        f"canceller.bin: {cells['used']} of {cells['available']} logic cells, "
        f"{multipliers['used']} multiplier, "
        f"{clock['achieved']:.1f} MHz where {CLOCK_MHZ} are needed"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--board", action="store_true", help="build a bitstream, too")
    parser.add_argument("--out", type=Path, default=BUILD, help="where everything is written")
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        export(options.out)
        print(simulate(options.out), end="")
        if options.board:
            print(bitstream(options.out))
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
