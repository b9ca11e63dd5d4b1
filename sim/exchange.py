"""Names on which the processes of a simulation agree: the caller, the runner, the simulator."""

TOP = "core"
"""The top module."""

PORTS = "ports.vlt"
"""Tells Verilator which signals the bench needs."""

STIMULUS = "stimulus.pickle"
OUTCOME = "outcome.pickle"
"""Files in the directory of a run: what the bench is to do; its Record, or its SimulationError."""
