"""The pass: products with constants become shifts and adds that share their parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.constants.graph import AdderGraph, Source, Term
from catgrad.circuit.constants.linear import ONE, Linearity, LinearMap
from catgrad.circuit.constants.signs import fewest_inverters
from catgrad.circuit.constants.solve import ROUNDS, SLACK, WIDEST, shift_and_add
from catgrad.circuit.copying import copied, copy_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.ranges import ranges
from catgrad.circuit.verify import verify
from catgrad.errors import CatgradError


@dataclass(frozen=True)
class ShiftAndAdd:
    """How products with constants become shifts and adds.

    - `depth`: the most adders on any way through one linear map, such as a layer; None: as many
      as each map needs, and `slack` more. A deeper graph has fewer adders, a less deep one fewer
      registers
    - `rounds`: how long the graphs are improved; twice as many take twice the time
    """

    depth: int | None = None
    rounds: int = ROUNDS
    slack: int = SLACK

    def __post_init__(self) -> None:
        for name, least, example in (("depth", 1, 8), ("rounds", 0, ROUNDS), ("slack", 0, SLACK)):
            number = getattr(self, name)
            if name == "depth" and number is None:
                continue
            if not isinstance(number, int) or isinstance(number, bool) or number < least:
                raise CatgradError(
                    f"ShiftAndAdd needs a whole number for {name}, at least {least}, not "
                    f"{number!r}; write ShiftAndAdd({name}={example})."
                )


@dataclass(frozen=True)
class ConstantMap:
    """What became of one linear map: its size and constants, and the adders that it takes.

    `bits` are those of the carry chains; `depth` is the most adders on any way through it.
    """

    rows: int
    columns: int
    products: int
    adders: int
    bits: int
    depth: int

    def __str__(self) -> str:
        return (
            f"{self.rows} x {self.columns}: {self.products} products with constants in "
            f"{self.adders} adders of {self.bits} bits, {self.depth} deep"
        )


def shifts_and_adds(
    netlist: Netlist, how: ShiftAndAdd | None = None, inverters: bool = False
) -> tuple[Netlist, tuple[ConstantMap, ...]]:
    """The netlist without multiplications by constants, and what each linear map became.

    What stands between cells that are not linear is rebuilt as a whole: a layer of a network with
    its biases, all taps of a filter. See `shift_and_add` for how, and `fewest_inverters` for what
    `inverters` adds, where a family needs them to subtract.

        %1 = mul %0 %c5 : s11           %1 = shl %0 2 : s10
        %2 = mul %0 %c10 : s12    ->    %2 = add %0 %1 : s11
        output y                        %3 = shl %2 1 : s12
          %1 : s11                      output y
          %2 : s12                        %2 : s11
                                          %3 : s12
    """
    rebuilding = _Rebuilding(verify(netlist), how or ShiftAndAdd(), inverters)
    return verify(rebuilding.result()), tuple(rebuilding.report)


class _Rebuilding:
    """A netlist that is built anew, stage by stage; `new[i]` is what has become of net i."""

    def __init__(self, netlist: Netlist, how: ShiftAndAdd, inverters: bool) -> None:
        self.netlist = netlist
        self.how = how
        self.inverters = inverters
        self.least, self.greatest = ranges(netlist)
        self.b = NetlistBuilder()
        self.new = np.full(len(netlist), -1, dtype=np.int64)
        self.report: list[ConstantMap] = []

    def result(self) -> Netlist:
        linearity = Linearity(self.netlist)
        stages: dict[int, list[int]] = {}
        for cell, stage in enumerate(linearity.stage):
            if not linearity.linear[cell]:
                stages.setdefault(stage, []).append(cell)
        for stage in sorted({*stages, *linearity.maps}):
            for cell in stages.get(stage, ()):
                self.copy(cell)
            for linear in linearity.maps.get(stage, ()):
                if linear.products and max_bits(linear) <= WIDEST:
                    self.rebuild(linear)
                else:
                    self.keep(linear.nets)
        shown = [port.nets for port in self.netlist.outputs]
        self.keep(tuple(np.concatenate(shown).tolist()) if shown else ())
        return copied(self.netlist, self.b, self.new)

    def copy(self, cell: int) -> None:
        """Add a cell as it is; what it reads is there."""
        if self.netlist.kind[cell] == Kind.INPUT:
            self.new[cell] = self.b.input(f"cell_{cell}", [self.netlist.format(cell)])[0]
        else:
            args = [net for net in self.netlist.args[cell].tolist() if net >= 0]
            self.new[cell] = copy_cell(self.b, self.netlist, cell, self.new[args].tolist())

    def keep(self, nets: tuple[int, ...]) -> None:
        """Add nets as they are, with what they need."""
        waiting = list(reversed(nets))
        while waiting:
            cell = waiting[-1]
            missing = [
                net for net in self.netlist.args[cell].tolist() if net >= 0 and self.new[net] < 0
            ]
            if self.new[cell] < 0 and not missing:
                self.copy(cell)
            if missing:
                waiting += missing
            else:
                waiting.pop()

    def rebuild(self, linear: LinearMap) -> None:
        """Add the nets of a linear map as shifts and adds.

        A constant that is added is one more number, which only its rows read.
        """
        constants = sorted({form[ONE] for form in linear.forms if ONE in form})
        columns = {net: i for i, net in enumerate(linear.sources)}
        ones = {constant: len(columns) + i for i, constant in enumerate(constants)}
        matrix = np.zeros((len(linear.nets), len(columns) + len(ones)), dtype=np.int64)
        for row, form in zip(matrix, linear.forms, strict=True):
            for net, constant in form.items():
                if net == ONE:
                    row[ones[constant]] = 1
                else:
                    row[columns[net]] = constant
        sources = [Source(int(self.least[n]), int(self.greatest[n])) for n in linear.sources]
        sources += [Source(constant, constant) for constant in constants]
        graph = shift_and_add(matrix, sources, self.how.depth, self.how.rounds, self.how.slack)
        if self.inverters:
            graph = fewest_inverters(graph)
        given = [*self.new[list(linear.sources)].tolist()]
        given += [int(self.b.const(constant)) for constant in constants]
        self.new[list(linear.nets)] = cells(self.b, graph, given)
        self.report.append(
            ConstantMap(
                rows=len(linear.nets),
                columns=len(linear.sources),
                products=linear.products,
                adders=len(graph),
                bits=graph.bits,
                depth=graph.depth,
            )
        )


def max_bits(linear: LinearMap) -> int:
    """The bits of the widest constant of a linear map."""
    return max(
        abs(constant).bit_length()
        for form in linear.forms
        for net, constant in form.items()
        if net != ONE
    )


def cells(b: NetlistBuilder, graph: AdderGraph, sources: list[int]) -> list[int]:
    """Add the cells of a graph; the nets of its outputs.

    The format of each number holds just its range, which is less than the formats of its two terms
    allow where these depend on the same sources.
    """
    nets = list(sources)

    def shifted(term: Term) -> int:
        return int(b.shl(nets[term.number], term.shift)) if term.shift else nets[term.number]

    for one, other in graph.adders:
        least, greatest = graph.ranges[len(nets)]
        if one.sign < 0:
            total = b.sub(shifted(other), shifted(one))
        elif other.sign < 0:
            total = b.sub(shifted(one), shifted(other))
        else:
            total = b.add(shifted(one), shifted(other))
        nets.append(int(b.wrap(total, Format.holding(least, greatest))))
    zero = None
    found = []
    for term in graph.outputs:
        if term is None:
            zero = int(b.const(0)) if zero is None else zero
            found.append(zero)
        else:
            net = shifted(term)
            found.append(net if term.sign > 0 else int(b.sub(b.const(0), net)))
    return found
