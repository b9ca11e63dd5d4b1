"""How long it takes to write a large netlist as Verilog, and how much memory.

    python bench/hdl_scale.py [cells] [cycles]

Prints one row of a Markdown table. The default takes about 40 s of processor time and 1.7 GB.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format, IntArray
from catgrad.circuit.netlist import Netlist
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog

LANES = 100
S16 = Format(16, True)


def random_netlist(cells: int, rng: np.random.Generator) -> Netlist:
    """Rows of products, sums, differences and choices on 16 bits, requantised in between.

    Each row reads the one before, so the netlist is as deep as it is long.
    """
    b = NetlistBuilder()
    row: IntArray = b.input("x", [S16] * LANES)
    while len(b) < cells:
        left, right = row[rng.permutation(LANES)], row[rng.permutation(LANES)]
        product = b.saturate(b.shr(b.mul(left, right), 12), S16)
        difference = b.wrap(b.sub(product, left), S16)
        row = b.mux(b.gt(left, right), b.saturate(b.add(difference, right), S16), product)
    b.output("prediction", row)
    return b.build()


def cpu_seconds() -> float:
    """The processor time of this process and of those that it waited for (Yosys)."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a random netlist on its way to Verilog.")
    parser.add_argument("cells", type=int, nargs="?", default=50_000)
    parser.add_argument("cycles", type=int, nargs="?", default=8)
    given = parser.parse_args()
    netlist = random_netlist(given.cells, np.random.default_rng(0))
    start, start_cpu = time.perf_counter(), cpu_seconds()
    transducer = Transducer(netlist, cycles=given.cycles)
    scheduled = time.perf_counter() - start
    text = verilog(transducer, "core")
    wall, cpu = time.perf_counter() - start, cpu_seconds() - start_cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("| cells | cycles | of it schedule | wall | cpu | memory | Verilog |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {len(netlist):,} | {given.cycles} | {scheduled:.1f} s | {wall:.0f} s | {cpu:.0f} s "
        f"| {memory:.2f} GB | {len(text) / 1e6:.1f} MB |"
    )


if __name__ == "__main__":
    main()
