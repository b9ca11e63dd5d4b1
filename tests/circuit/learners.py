"""Random netlists with loops, and pipelines run cycle by cycle."""

from __future__ import annotations

from collections import deque

import numpy as np
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.families import Delays
from catgrad.circuit.loops import CARRIED
from catgrad.circuit.pipeline import Pipeline
from tests.circuit.interpreter import interpret, result
from tests.circuit.strategies import draw_cell, formats

MODEL = Delays(
    register=500,
    lut=1000,
    tree=1000,
    carry=2000,
    carry_bit=50,
    subtract=0,
    compare=1000,
    fanout=100,
    block_bits=18,
    block_setup=2000,
    block_fanout=500,
    block=4000,
    block_deep=2000,
    block_out=1000,
    memory_setup=1500,
    memory_out=4000,
    queue_out=2000,
)
"""Of no FPGA, so that no measurement changes what tests expect."""

Samples = list[dict[str, list[int]]]


@st.composite
def learners(draw: st.DrawFn, cells: int = 12) -> Netlist:
    """Netlists with parameters, a delay line as state, queues of a delayed rule, x and y."""
    b = NetlistBuilder()
    taps = draw(st.integers(0, 3))
    delay, queues = draw(st.integers(1, 5)), draw(st.integers(0, 2))
    sample = draw(formats(8))
    parameters = draw(st.lists(formats(8), max_size=2))
    waiting = draw(st.lists(formats(8), min_size=queues, max_size=queues))
    w = b.input("parameters", parameters)
    line = b.input("state", [sample] * taps)
    late = b.input("late", [f for f in waiting for _ in range(delay)])
    late = late.reshape(queues, delay)
    x, y = b.input("x", [sample]), b.input("y", [Format(6, True)])
    nets = [*w.tolist(), *line.tolist(), *late[:, -1].tolist(), *x.tolist(), *y.tolist()]
    for _ in range(draw(st.integers(0, cells))):
        nets.append(draw_cell(draw, b, nets, 40))

    def fitted(format: Format) -> int:
        return int(b.wrap(draw(st.sampled_from(nets[::-1])), format))

    b.output("prediction", draw(st.lists(st.sampled_from(nets[::-1]), min_size=1, max_size=3)))
    b.output("events", draw(st.lists(st.sampled_from(nets), max_size=1)))
    b.output("parameters", [fitted(f) for f in parameters], parameters)
    b.output("state", [*x.tolist(), *line.tolist()][:taps])
    entering = [[fitted(f), *row[:-1]] for f, row in zip(waiting, late.tolist(), strict=True)]
    b.output("late", np.array(entering, dtype=np.int64).reshape(-1))
    return b.build()


def random_samples(netlist: Netlist, n: int, seed: int) -> Samples:
    """So many values for the ports that are not carried."""
    rng = np.random.default_rng(seed)
    return [
        {
            port.name: [int(rng.integers(f.min, f.max + 1)) for f in port.formats]
            for port in netlist.inputs
            if port.name not in CARRIED
        }
        for _ in range(n)
    ]


def in_sequence(netlist: Netlist, samples: Samples) -> Samples:
    """What the netlist gives for one sample after the other; what is carried is 0 at first."""
    carried = {p.name: [0] * len(p) for p in netlist.inputs if p.name in CARRIED}
    outputs = []
    for sample in samples:
        values = interpret(netlist, sample | carried)
        shown = {port.name: [values[net] for net in port.nets] for port in netlist.outputs}
        carried = {name: shown[name] for name in carried}
        outputs.append({name: v for name, v in shown.items() if name not in CARRIED})
    return outputs


def in_flight(plan: Pipeline, samples: Samples) -> Samples:
    """The same through the pipeline, with a sample in every `plan.interval` cycles."""
    return _Flight(plan, samples).run()


class _Flight:
    """A pipeline while samples flow through it: what its registers, queues and cells hold."""

    def __init__(self, plan: Pipeline, samples: Samples) -> None:
        self.plan, self.samples, self.netlist = plan, samples, plan.netlist
        self.stage, self.reads = plan.stage.tolist(), plan.reads.tolist()
        self.delay = plan.delay.tolist()
        self.args = [[a for a in args if a >= 0] for args in self.netlist.args.tolist()]
        self.right: dict[tuple[int, int], int] = {}  # by sample and net
        self.read: dict[tuple[int, int], list[int]] = {}  # by sample and cell
        self.given = {
            net: (port.name, i)
            for port in self.netlist.inputs
            for i, net in enumerate(port.nets.tolist())
        }
        self.loops = list(zip(plan.loops, plan.pushes, strict=True))
        self.held = {loop.target: push for loop, push in self.loops if not loop.is_queue}
        self.sums = {loop.target for loop in plan.loops if loop.addend is not None}
        self.queues = {loop.target: deque([0] * loop.distance) for loop, _ in self.loops}

    def run(self) -> Samples:
        outputs: Samples = [{} for _ in self.samples]
        for cycle in range(len(self.samples) * self.plan.interval + self.plan.latency + 1):
            inside = [
                (sample, cycle - sample * self.plan.interval)
                for sample in range(len(self.samples))
                if 0 <= cycle - sample * self.plan.interval <= self.plan.latency
            ]
            for sample, stage in inside:
                self.compute(sample, stage)
                for port in self.netlist.outputs:
                    if self.plan.leaves.get(port.name) == stage:
                        values = [self.value(sample, net, stage) for net in port.nets.tolist()]
                        outputs[sample][port.name] = values
            entering = [
                (loop, self.value(sample, loop.source, stage))
                for sample, stage in inside
                for loop, push in self.loops
                if push == stage
            ]
            for sample, stage in inside:
                for target, push in self.held.items():
                    if push == stage:
                        self.right[sample, target] = self.taken(
                            target, self.queues[target].popleft()
                        )
            for loop, value in entering:
                self.queues[loop.target].append(value)
                assert len(self.queues[loop.target]) <= loop.distance
        return outputs

    def compute(self, sample: int, stage: int) -> None:
        """What happens in this stage, in which the sample is now."""
        for cell, args in enumerate(self.args):
            kind = Kind(self.netlist.kind[cell])
            if kind is Kind.INPUT:
                if self.stage[cell] == stage and cell not in self.held:
                    self.right[sample, cell] = self.entering(sample, cell)
                continue
            if self.stage[cell] == stage:
                if self.reads[cell] == stage:
                    self.read[sample, cell] = [self.value(sample, arg, stage) for arg in args]
                values = self.read[sample, cell]
                self.right[sample, cell] = result(
                    self.netlist,
                    kind,
                    int(self.netlist.value[cell]),
                    self.netlist.format(cell),
                    values,
                )
        for cell, args in enumerate(self.args):
            if self.reads[cell] == stage < self.stage[cell]:
                self.read[sample, cell] = [self.value(sample, arg, stage) for arg in args]

    def taken(self, target: int, value: int) -> int:
        """What is read of a value that is held; sums are held before they are saturated."""
        format = self.netlist.format(target)
        return min(max(value, format.min), format.max) if target in self.sums else value

    def entering(self, sample: int, net: int) -> int:
        """The value of an input for the sample."""
        if net in self.queues:
            return self.queues[net].popleft()
        name, element = self.given[net]
        return self.samples[sample].get(name, [0] * (element + 1))[element]

    def value(self, sample: int, net: int, stage: int) -> int:
        """A net as it can be read in a stage: from its cell, its registers, or what holds it."""
        kind = self.netlist.kind[net]
        if kind == Kind.CONST:
            return int(self.netlist.value[net])
        if net in self.held and stage <= self.held[net]:
            assert stage >= self.stage[net]
            return self.taken(net, self.queues[net][0])
        begins = self.held.get(net, self.stage[net])
        assert 0 <= stage - begins <= self.delay[net], "there is no such register"
        return self.right[sample, net]
