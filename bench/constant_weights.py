"""Products with constant matrices as shifts and adds, beside da4ml and its successor alkaid.

    python bench/constant_weights.py             # some twenty minutes, most of them Yosys's
    python bench/constant_weights.py --job mv16  # one of the jobs: mv16, mv64, mlp
    python bench/constant_weights.py --peer da4ml

The same Yosys synthesises what each writes, adders kept apart in the same way (see
`boards/adders.v`), for ECP5 and for iCE40, flat. Its ABC does not prove its own mapping again,
which would take most of the time. Ours is made for each of the families, as they differ in what a
subtraction takes. Logic on an ECP5 is in look-up tables, of which an
adder of two bits takes two. `depth` is the most adders on a way from an input to an output, the
pipeline stages of one adder each. Ours is built once to each depth that a peer has. Every row is
verified: the peer's by its own emulator, ours by evaluating the netlist, and both by simulating
their Verilog on the same vectors, against integers in NumPy. The peers run in environments of their
own, made in build/peer at the first time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from boards import yosys
from boards.board import ADDERS_FILE
from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, optimise
from catgrad.circuit.constants import ShiftAndAdd, shifts_and_adds
from catgrad.hdl.cells import window
from catgrad.hdl.datapath import combinational
from catgrad.hdl.layout import elements, layout_of
from catgrad.hdl.verilog import verilog

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "constant_weights"
PEERS = {"da4ml": "0.6.0", "alkaid": "0.8.2"}
VECTORS = 100

LARGEST_ICE40 = 7680
"""The look-up tables of the largest iCE40."""

Integers = NDArray[np.int64]


class Job(NamedTuple):
    """Matrices [inputs, outputs] of 8 bits one after another, and whether a ReLU follows each.

    It takes signed numbers of 8 bits; after a ReLU numbers are clamped to 8 bits without a sign.
    """

    matrices: tuple[Integers, ...]
    relu: bool

    def __call__(self, x: Integers) -> Integers:
        """What it computes, for a batch."""
        for matrix in self.matrices:
            x = x @ matrix
            x = np.clip(x, 0, 255) if self.relu else x
        return x

    def netlist(self) -> Netlist:
        """The circuit, with multiplications."""
        b = NetlistBuilder()
        x = b.input("x", [Format(8, True)] * len(self.matrices[0]))
        for matrix in self.matrices:
            terms = b.mul(x[:, None], b.const(matrix))
            while len(terms) > 1:
                half = len(terms) // 2
                pairs = b.add(terms[:half], terms[half : 2 * half])
                terms = np.concatenate([pairs, terms[2 * half :]])
            x = terms[0]
            if self.relu:
                x = b.saturate(b.mux(b.gt(x, b.const(0)), x, b.const(0)), Format(8, False))
        b.output("y", x)
        return optimise(b.build())


def mv16() -> Job:
    """One matrix of 16 x 16."""
    return Job((np.random.default_rng(0).integers(-128, 128, (16, 16)),), relu=False)


def mv64() -> Job:
    """One matrix of 64 x 64."""
    return Job((np.random.default_rng(0).integers(-128, 128, (64, 64)),), relu=False)


def mlp() -> Job:
    """A network 16-64-32-32-5."""
    random, sizes = np.random.default_rng(0), (16, 64, 32, 32, 5)
    shapes = pairwise(sizes)
    return Job(tuple(random.integers(-128, 128, shape) for shape in shapes), relu=True)


JOBS = {"mv16": mv16, "mv64": mv64, "mlp": mlp}


class Built(NamedTuple):
    """A circuit in Verilog, and what is known of it before synthesis."""

    folder: Path
    files: list[Path]
    adders: int
    depth: int
    seconds: float
    formats: list[list[int]]  # of each output: sign, bits before and after the binary point


################################################################################
# Ours


class Combinational(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """A netlist without clock, its ports as packed arrays, called as the peers call them."""

    def __init__(self, netlist: Netlist) -> None:
        self._netlist = netlist
        self._formats = netlist.output("y").formats
        super().__init__(
            {
                "model_inp": In(layout_of(netlist.input("x").formats)),
                "model_out": Out(layout_of(self._formats)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        results = combinational(m, self._netlist, {"x": elements(self.model_inp)})["y"]
        shown = [window(v, 0, f) for v, f in zip(results, self._formats, strict=True)]
        m.d.comb += self.model_out.eq(Cat(*shown))
        return m


def ours(job: Job, how: ShiftAndAdd, family: str, x: Integers, folder: Path) -> Built:
    start = time.process_time()
    plain = job.netlist()
    rebuilt, _ = shifts_and_adds(plain, how, family == "ice40")
    netlist = optimise(rebuilt)
    seconds = time.process_time() - start
    assert np.array_equal(evaluate(netlist, {"x": x})["y"], job(x))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "network.v"
    path.write_text(verilog(Combinational(netlist), "network"))
    is_adder = np.isin(netlist.kind, (Kind.ADD, Kind.SUB))
    depths = np.zeros(len(netlist) + 1, np.int64)  # the last one is that of no argument
    for cell, read in enumerate(netlist.args):
        depths[cell] = depths[read].max() + is_adder[cell]
    formats = [[int(s), w - s, 0] for w, s in netlist.output("y").formats]
    return Built(folder, [path], int(is_adder.sum()), int(depths.max()), seconds, formats)


################################################################################
# Theirs


def python_of(package: str) -> Path:
    """The interpreter of an environment with a peer in it."""
    home = ROOT / "build" / "peer" / f"{package}-{PEERS[package]}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        wanted = f"{package}=={PEERS[package]}"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True)
        (home / "complete").touch()
    return python


def theirs(package: str, job: Job, delay: int, x: Integers, folder: Path, *stages: int) -> Built:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"matrix_{i}": matrix for i, matrix in enumerate(job.matrices)}
    arrays |= {"x": x, "relu": np.array(job.relu, dtype=np.int64)}
    np.savez(folder / "job.npz", **arrays)  # type: ignore[arg-type]  # as in catgrad.parameters
    script = ROOT / "bench" / "peer" / "shift_and_add.py"
    command = [str(python_of(package)), str(script), package, str(folder)]
    command += map(str, (delay, *stages))
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert np.array_equal(found["y"], job(x))
    files = [Path(file) for file in found["files"]]
    return Built(folder, files, found["adders"], found["depth"], found["seconds"], found["formats"])


################################################################################
# Simulation and synthesis

BENCH = """
module bench;
  reg [{inputs}-1:0] x [0:{vectors}-1];
  reg [{inputs}-1:0] model_inp;
  wire [{outputs}-1:0] model_out;
  integer i;
  network dut(.model_inp(model_inp), .model_out(model_out));
  initial begin
    $readmemh("x.hex", x);
    for (i = 0; i < {vectors}; i = i + 1) begin
      model_inp = x[i];
      #1 $display("%b", model_out);
    end
  end
endmodule
"""


def simulated(built: Built, x: Integers) -> Integers:
    """What the Verilog computes, in Icarus Verilog."""
    folder = built.folder
    outputs = sum(map(sum, built.formats))
    bench = BENCH.format(inputs=8 * x.shape[1], outputs=outputs, vectors=len(x))
    (folder / "bench.v").write_text(bench)
    words = [int.from_bytes(row.tobytes(), "little") for row in x.astype(np.int8)]
    (folder / "x.hex").write_text("".join(f"{word:x}\n" for word in words))
    files = [str(path.resolve()) for path in built.files]
    compiler = ["iverilog", "-g2012", "-o", "bench.vvp", "-s", "bench", "bench.v", *files]
    subprocess.run(compiler, cwd=folder, check=True)
    done = subprocess.run(
        ["vvp", "bench.vvp"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return np.array([unpacked(line, built.formats) for line in done.stdout.split()])


def unpacked(bits: str, formats: Sequence[Sequence[int]]) -> list[int]:
    """The numbers in a packed array, the first one in the lowest bits."""
    numbers, end = [], len(bits)
    for sign, before, after in formats:
        width = sign + before + after
        number = int(bits[end - width : end] or "0", 2)
        end -= width
        if sign and number >> (width - 1):
            number -= 1 << width
        numbers.append(number << -after if after <= 0 else number >> after)
    return numbers


def synthesised(built: Built, family: str) -> Mapping[str, int]:
    """How many cells of each type Yosys makes of it, each adder a carry chain of its own."""
    folder = built.folder
    sources = " ".join(str(path.resolve()) for path in built.files)
    script = f"""
        scratchpad -set abc9.verify false
        read_verilog -defer {sources}
        hierarchy -top network
        proc; flatten; opt_expr; opt_clean; wreduce; opt_clean
        techmap -map {ADDERS_FILE}
        synth_{family} -top network
        tee -q -o {family}.json stat -json
    """
    (folder / f"{family}.ys").write_text(script)
    command = [sys.executable, yosys.__file__, "-q", "-s", f"{family}.ys"]
    subprocess.run(command, cwd=folder, check=True)
    cells = json.loads((folder / f"{family}.json").read_text())["design"]["num_cells_by_type"]
    found: Mapping[str, int] = cells
    return found


################################################################################
# Side by side


def row(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def measured(
    name: str, who: str, build: Callable[[str], Built], job: Job, x: Integers
) -> tuple[int, int]:
    """Verify and synthesise a circuit, and print its row; its depth, and its tables on an ECP5."""
    built = build("ecp5")
    ecp5 = cells_of(who, built, "ecp5", job, x)
    tables = 2 * ecp5.get("CCU2C", 0) + ecp5.get("LUT4", 0)
    shown = "too large"
    if tables < LARGEST_ICE40:
        ice40 = cells_of(who, build("ice40"), "ice40", job, x)
        shown = f"{ice40.get('SB_LUT4', 0):,} + {ice40.get('SB_CARRY', 0):,}"
    row(
        name,
        who,
        f"{built.adders:,}",
        built.depth,
        f"{tables:,}",
        shown,
        f"{built.seconds:.1f} s",
    )
    return built.depth, tables


def cells_of(who: str, built: Built, family: str, job: Job, x: Integers) -> Mapping[str, int]:
    """What Yosys makes of a circuit that computes what it should."""
    assert np.array_equal(simulated(built, x), job(x)), f"{who} is wrong"
    return synthesised(built, family)


def compare(name: str, rounds: int, peers: Sequence[str]) -> None:
    """One job: the peers at their default and at the least depth, ours at the same depths."""
    job = JOBS[name]()
    x = np.random.default_rng(1).integers(-128, 128, (VECTORS, len(job.matrices[0])))
    marks: list[tuple[str, int, int]] = []
    for package in peers:
        for delay in (-1, 0):
            built = theirs(package, job, delay, x, WORK / f"{name}-{package}-{delay}")
            who = f"{package} {PEERS[package]}" + ("" if delay < 0 else ", least depth")
            marks.append((who, *measured(name, who, partial(same, built), job, x)))
    found: list[tuple[int, int]] = []
    for who, how in ways(job, [mark[1] for mark in marks], rounds).items():

        def build(family: str, who: str = who, how: ShiftAndAdd = how) -> Built:
            folder = f"{name}-{who}-{family}".replace(",", "").replace(" ", "-")
            return ours(job, how, family, x, WORK / folder)

        found.append(measured(name, who, build, job, x))
    print()
    for who, depth, tables in marks:
        best = min((t for d, t in found if d <= depth), default=None)
        said = "none so shallow" if best is None else f"{best:,}, {best / tables - 1:+.1%}"
        print(f"{name} {who}, depth {depth}: {tables:,} look-up tables; ours {said}")
    print()


def same(built: Built, _family: str) -> Built:
    """A circuit that is the same for all families."""
    return built


def ways(job: Job, depths: Sequence[int], rounds: int) -> Mapping[str, ShiftAndAdd]:
    """How to build ours: to the depths of the peers for one layer, or the least; as by default."""
    limits = sorted(set(depths)) if len(job.matrices) == 1 else []
    shallow = {f"ours, depth {depth}": ShiftAndAdd(depth, rounds) for depth in limits}
    least = {"ours, least depth": ShiftAndAdd(rounds=rounds, slack=0)}
    return (shallow or least) | {"ours": ShiftAndAdd(rounds=rounds)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Constant matrices as shifts and adds.")
    parser.add_argument("--peer", choices=PEERS, action="append", help="beside this one only")
    parser.add_argument("--job", choices=JOBS, action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=2000, help="how long ours is improved")
    given = parser.parse_args()
    row("job", "who", "adders", "depth", "ECP5 tables", "iCE40 tables + carries", "time")
    row(*["---"] * 7)
    for name in given.job or JOBS:
        compare(name, given.rounds, given.peer or list(PEERS))


if __name__ == "__main__":
    main()
