"""S: scalar netlists. Cells drive nets, and every pass maps a valid netlist to a valid netlist."""

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.evaluate import Evaluator, evaluate
from catgrad.circuit.fold_constants import fold_constants
from catgrad.circuit.format import BIT, Format
from catgrad.circuit.narrow import narrow
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.optimise import optimise
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.share import share
from catgrad.circuit.statistics import Statistics, statistics
from catgrad.circuit.text import parse, to_text
from catgrad.circuit.verify import verify

__all__ = [
    "BIT",
    "Evaluator",
    "Format",
    "Kind",
    "Netlist",
    "NetlistBuilder",
    "Port",
    "Statistics",
    "evaluate",
    "fold_constants",
    "narrow",
    "optimise",
    "parse",
    "remove_dead",
    "share",
    "statistics",
    "to_text",
    "verify",
]
