"""Placement: the stages of a pipeline as difference constraints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.circuit.differences import Circular, Differences
from catgrad.circuit.format import IntArray
from catgrad.circuit.loops import Loop, still
from catgrad.circuit.netlist import Netlist
from catgrad.circuit.timing import Timing
from catgrad.circuit.turns import Turn


@dataclass(frozen=True)
class Placed:
    """`stage : int64[n]` of each cell, the stage at whose end each loop puts its value in, and the
    stages in which the first of the output ports that are not carried leaves, and each of them."""

    stage: IntArray
    pushes: tuple[int, ...]
    first: int
    leaves: dict[str, int]


class Placement:
    """The constraints on the stages of a netlist.

    The numbers are the stage of each cell, the last stage in which each net is read, the stage at
    whose end the value of each loop is put in, and those in which ports enter and leave. A net
    needs as many registers as its last stage is behind its own: they are shared by its readers.
    Registers that hold the value of a loop serve all stages from the one in which it is taken to
    the one in which the next one is put in.

    `pairs : int64[m, 2]` are the cells that have to be in different stages, see
    `catgrad.circuit.paths.apart`, or a cell and ``~net`` for a net that leaves later. `carried`
    names the ports of the loops, `free` input ports whose elements enter together in any stage,
    `fixed` those that are the same for all samples;
    `together` says whether all output ports leave in the same stage. The first that is not carried
    leaves in stage `latency`, if given. `turns` keeps cells on one block apart.
    """

    def __init__(
        self,
        netlist: Netlist,
        timing: Timing,
        pairs: IntArray,
        loops: Sequence[Loop] = (),
        carried: Collection[str] = (),
        interval: int = 1,
        free: Collection[str] = (),
        fixed: Collection[str] = (),
        together: bool = True,
        latency: int | None = None,
        turns: Sequence[Turn] = (),
    ) -> None:
        self.netlist, self.loops = netlist, loops
        self.constraints = Differences()
        variable = ~still(netlist, fixed)
        self._of_cell = np.zeros(len(netlist), np.int64)
        self._of_cell[variable] = self.constraints.more(int(variable.sum()))
        self._is_last = np.zeros(len(netlist), np.bool_)
        self._of_last = np.zeros(len(netlist), np.int64)
        self._order(timing, pairs)
        x, keep = self._of_cell, self.constraints.keep
        for first, cell, later in turns:
            # Blocks take equally long: what reads so much later is right so much later.
            keep([x[first], x[cell]], [x[cell], x[first]], [later, -later])
        self._enter(free)
        self._push(interval)
        self._leave(carried, together, pairs[pairs[:, 1] < 0])
        if latency is not None:
            self.leave_in(latency)

    def _order(self, timing: Timing, pairs: IntArray) -> None:
        """No cell reads before its arguments are right, and stages end where paths take long."""
        netlist, x, keep = self.netlist, self._of_cell, self.constraints.keep
        cell, operand = np.nonzero(netlist.args >= 0)
        net = netlist.args[cell, operand]
        variable = x[net] > 0
        cell, net = cell[variable], net[variable]
        self._read = np.unique(net)
        self._of_last[self._read] = self.constraints.more(len(self._read))
        self._is_last[self._read] = True
        inside = timing.cycles[cell]
        keep(x[net], x[cell], inside)
        keep(x[cell], self._of_last[net], -inside)
        keep(x[self._read], self._of_last[self._read], 0)
        first, second = pairs[pairs[:, 1] >= 0].T
        keep(x[first], x[second], 1 + timing.cycles[second])

    def _last(self, nets: IntArray) -> IntArray:
        """The numbers of the stages in which nets are read for the last time."""
        new = np.unique(nets[~self._is_last[nets] & (self._of_cell[nets] > 0)])
        self._of_last[new] = self.constraints.more(len(new))
        self._is_last[new] = True
        self.constraints.keep(self._of_cell[new], self._of_last[new], 0)
        return self._of_last[nets]

    def _enter(self, free: Collection[str]) -> None:
        """Inputs are right in stage 0, those of a free port in one that they share."""
        self._targets = np.array([loop.target for loop in self.loops], dtype=np.int64)
        for port in self.netlist.inputs:
            nets = port.nets[~np.isin(port.nets, self._targets) & (self._of_cell[port.nets] > 0)]
            enters = self.constraints.more(1) if port.name in free else 0
            self.constraints.keep(enters, self._of_cell[nets], 0)
            self.constraints.keep(self._of_cell[nets], enters, 0)

    def _push(self, interval: int) -> None:
        """A value is put in when it is right, and before it is to be taken out."""
        loops, x, keep = self.loops, self._of_cell, self.constraints.keep
        self._pushes = self.constraints.more(len(loops))
        source = np.array([loop.source for loop in loops], dtype=np.int64)
        distance = np.array([loop.distance for loop in loops], dtype=np.int64)
        held = np.array([not loop.is_queue for loop in loops], dtype=np.bool_)
        keep(x[source], self._pushes, 0)
        keep(x[self._targets], self._pushes, 0)
        keep(self._pushes, x[self._targets], 1 - distance * interval)
        sums = np.array([loop.addend is not None for loop in loops], dtype=np.bool_)
        keep(self._pushes[sums], x[source[sums]], 0)
        last = self._last(source)
        keep(self._pushes[last > 0], last[last > 0], 0)
        # What holds a sum is its first register.
        self._sums, self._until_sums = source[sums], self._pushes[sums]
        keep(self._until_sums, last[sums], 1)
        # What a held value is read from: its registers as long as they hold it, then others.
        self._held = self._targets[held]
        self._until = self._pushes[held]
        keep(self._until, self._last(self._held), 0)

    def _leave(self, carried: Collection[str], together: bool, pairs: IntArray) -> None:
        """The elements of an output port are right in one stage, those that are not carried."""
        ports = [port for port in self.netlist.outputs if port.name not in carried]
        self._names = [port.name for port in ports]
        self._leaves = self.constraints.more(max(1, len(ports)))
        self._first = int(self._leaves[0])
        if together:
            self._leaves[:] = self._first
            # Without loops, the outputs leave when all cells are done.
            if not self.loops:
                self.constraints.keep(self._of_cell, self._first, 0)
        for port, leaves in zip(ports, self._leaves.tolist(), strict=False):
            last = self._last(port.nets)
            self.constraints.keep(leaves, last[last > 0], 0)
            self.constraints.keep(self._of_cell[port.nets], leaves, 0)
            before = pairs[np.isin(~pairs[:, 1], port.nets), 0]
            self.constraints.keep(self._of_cell[before], leaves, 1)

    def leave_in(self, latency: int) -> None:
        """Let the first output port leave in this stage."""
        self.constraints.keep([self._first, 0], [0, self._first], [-latency, latency])

    def earliest(self) -> Placed:
        """Every cell as early as it can be; `Circular` if there are no stages."""
        return self._placed(self.constraints.smallest())

    def fewest_registers(self) -> Placed:
        """The stages for which registers have the fewest bits, cells early among equals."""
        return self._placed(self.constraints.cheapest(self._cost()))

    def _cost(self) -> IntArray:
        """Bits of registers, as the weights of their sum."""
        width = self.netlist.width
        cost = np.zeros(self.constraints.nodes, dtype=np.int64)
        last = np.flatnonzero(self._is_last)
        cost[self._of_last[last]] += width[last]
        begins = self._of_cell.copy()
        begins[self._held] = self._until
        begins[self._sums] = self._until_sums
        np.add.at(cost, begins[last], -width[last])
        return cost

    def _placed(self, x: IntArray) -> Placed:
        leaves = dict(zip(self._names, x[self._leaves].tolist(), strict=False))
        return Placed(
            x[self._of_cell], tuple(x[self._pushes].tolist()), int(x[self._first]), leaves
        )

    def cells(self, nodes: Sequence[int]) -> list[int]:
        """The cells on a circle of numbers, beginning behind one that is no cell, if there is."""
        of_number = {number: cell for cell, number in enumerate(self._of_cell.tolist()) if number}
        begin = next((i for i, number in enumerate(nodes) if number not in of_number), -1) + 1
        around = [*nodes[begin:], *nodes[:begin]]
        return [of_number[number] for number in around if number in of_number]

    def carried_on(self, nodes: Sequence[int]) -> list[Loop]:
        """The loops by which a value is carried from sample to sample through these numbers."""
        pushes = zip(self.loops, self._pushes.tolist(), strict=True)
        return [loop for loop, push in pushes if push in nodes]

    def accumulates(self, loop: Loop) -> bool:
        """Whether a value can be changed in time on the way of fewest cells, whatever is added.

        That is what is left of a loop of learning once a delay has cut the way of the gradient.
        """
        way = [loop.source]
        reader = {loop.source: loop.source}
        for cell in way:
            for net in self.netlist.args[cell].tolist():
                if net >= 0 and net not in reader:
                    reader[net] = cell
                    way.append(net)
            if loop.target in reader:
                break
        cells = [loop.target]
        while cells[-1] != loop.source and cells[-1] in reader:
            cells.append(reader[cells[-1]])
        push = self._pushes[self.loops.index(loop)]
        try:
            self.constraints.among([*self._of_cell[cells].tolist(), int(push)]).smallest()
        except Circular:
            return False
        return True
