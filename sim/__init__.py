"""Simulation: one bench that streams samples through learning cores, in any simulator.

    samples --> bench --> design in Amaranth's simulator
                      --> its Verilog in Icarus Verilog     --> Trace
                      --> its Verilog in Verilator
                      --> its C++ program, by CXXRTL
                      --> the cells that synthesis makes of it
            --> netlist, or the integer NumPy program       --> Trace

`simulate` gives the trace of hardware, `expected` that of its netlist, `reference_trace` that of
the integer NumPy program, and `Trace.compare` says whether two are equal to the last bit. `Running`
is for millions of cycles: CXXRTL without the bench.
"""

from sim.cocotb_runner import installed
from sim.oracle import expected
from sim.reference import real_samples, reference_trace
from sim.running import Running
from sim.samples import random_samples
from sim.simulation import simulate
from sim.streams import SimulationError
from sim.trace import Samples, Trace

__all__ = [
    "Running",
    "Samples",
    "SimulationError",
    "Trace",
    "expected",
    "installed",
    "random_samples",
    "real_samples",
    "reference_trace",
    "simulate",
]
