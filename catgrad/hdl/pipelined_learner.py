"""Pipelines as stream transducers: one sample a clock, where no loop forbids it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.circuit.format import Format
from catgrad.circuit.loops import Loop
from catgrad.circuit.pipeline import Pipeline
from catgrad.circuit.sums import SUMMED
from catgrad.errors import CatgradError
from catgrad.hdl.access import Access, serve
from catgrad.hdl.carousel import Carousel
from catgrad.hdl.counters import count
from catgrad.hdl.inside import connect, inside
from catgrad.hdl.interface import check_initial, check_ports
from catgrad.hdl.kept import Registers, Rows, Write, widest
from catgrad.hdl.layout import elements, layout_of
from catgrad.hdl.multiplier import Family
from catgrad.hdl.pipelined import Flow, Held, HeldSum, flow
from catgrad.hdl.queues import Queues
from catgrad.hdl.sums import Sums
from catgrad.hdl.tokens import Channels, Countdown, Tokens
from catgrad.hdl.transducer import COUNTER_BITS
from catgrad.hdl.waiting import predictions, targets


class PipelinedLearner(wiring.Component):
    """A pipelined netlist with its loops closed, and streams at its ends::

             .-- waits --.    .------ parameters, state, queues ------.
        y -->|           |--->|                                       |
                              '--> stage 0 | stage 1 | ... | stage L --'--> waits --> prediction
        x -------------------------^

    Samples move on in every cycle, and nothing stops them: one enters only if there is room for its
    prediction where that waits to be taken. So no register of the pipeline needs an enable, and
    what a stream stalls for costs no time anywhere else. What loops carry is changed by samples
    alone: parameters, and the queues of a delayed rule, by those that are learned from, state by
    all. So gaps between samples, wherever they are, change no number.

    Members
    -------
    - `x`: In, stream of n elements (`layout_of`)
    - `y`: In, stream of m elements, the targets of the samples with `train` 1, in order. Some may
      be taken before their x is; a sample enters only when its target is there. Absent if the
      netlist has no `y`
    - `train`: In(1), with x, whether to learn from the sample. Absent if the netlist does not learn
    - `prediction`: Out, stream of m elements
    - `load`: In, stream of `address` and `value`: sets one parameter, to the low bits of the value.
      Beyond the last parameter it does nothing
    - `fetch`: In, stream of addresses
    - `fetched`: Out, stream of the parameters there, all of one width; 0 beyond the last parameter.
      `load` and `fetch` are served while no sample is inside, and hold back the next one until they
      are; in order of addresses they take two cycles each, else up to two for each parameter
    - `forward_saturations`, `learning_saturations`, `samples`: Out(32), modulo 2**32
    - `busy`: Out(1), 1 from the cycle after a sample enters for as long as it changes anything.
      While it is 0, the parameters and the counters are those after the last sample

    With several channels sample n belongs to channel n modulo `channels`: so many learners, each
    with parameters and state of its own. Parameter i of channel c has address ``c * k + i``, where
    k is the number of parameters of one; counters count for all.

    Latency: `latency` cycles from the transfer of x to the first in which the prediction is valid,
    where its target came no later than the cycle before. Interval: `interval` cycles between
    samples, `predict_interval` after one that is not learned from, where nothing stalls. In a
    pipeline with a beat of n cycles, n more than 1, samples enter only in every nth: up to n - 1
    cycles of waiting are added to the latency, and a target is there a cycle later.

    Rounding and overflow are those of the netlist, which this component follows bit for bit. A
    reset empties it and brings state and counters back; parameters too, but not those of channels.

    Parameters
    ----------
    pipeline: see `catgrad.circuit.pipeline`; input port `y` may be free
    initial: the integers of the parameters at first; zeros if None
    state: those of the state; zeros if None
    channels: how many learners take turns; the distance of the loops
    family: whose multiplier blocks are used; None: any synthesis finds them, any simulator runs it
    always: every sample is learned from, and `train` is absent
    """

    def __init__(
        self,
        pipeline: Pipeline,
        initial: Sequence[int] | None = None,
        state: Sequence[int] | None = None,
        channels: int = 1,
        family: Family | None = None,
        always: bool = False,
    ) -> None:
        netlist = pipeline.netlist
        check_ports(netlist, queues=True)
        inputs = {port.name: port.formats for port in netlist.inputs if len(port)}
        outputs = {port.name: port.formats for port in netlist.outputs if len(port)}
        self._formats = inputs.get("parameters", ())
        self._state_formats = inputs.get("state", ())
        self.initial = check_initial(initial, self._formats)
        # Lines that were added to those of the model begin with zeros.
        given = None if state is None else [*state, *[0] * (len(self._state_formats) - len(state))]
        self.state = check_initial(given, self._state_formats, "state number")
        self.netlist, self.pipeline = netlist, pipeline
        self.channels, self.family = channels, family
        if channels > 1 and any(loop.is_queue for loop in pipeline.loops):
            raise CatgradError(
                f"A pipeline has {channels} channels or a delayed rule, not both; give each "
                f"channel its own pipeline, or leave the delay out."
            )
        for loop in pipeline.loops:
            if not loop.is_queue and loop.distance != channels:
                raise CatgradError(
                    f"The loops of this pipeline come back after {loop.distance} samples, but it "
                    f"is to have {channels} channels; make it with loops of that distance, or ask "
                    f"for {loop.distance} channels."
                )
        self.has_target = "y" in inputs
        self.learns = self.has_target or "parameters" in outputs
        self.interval = pipeline.interval
        self.predict_interval = self.interval
        if self.learns and channels == 1:
            # Of several channels, the one that learned need not be the one that was before.
            stage = pipeline.stage
            spans = [push + 1 - int(stage[loop.target]) for loop, push in self._loops("state")]
            beat = pipeline.beat
            self.predict_interval = beat * -(-max([1, *spans]) // beat)
        self.latency = self._leaves("prediction") + 3

        members = {
            "x": In(stream.Signature(layout_of(inputs["x"]))),
            "prediction": Out(stream.Signature(layout_of(outputs["prediction"]))),
            "forward_saturations": Out(COUNTER_BITS),
            "learning_saturations": Out(COUNTER_BITS),
            "samples": Out(COUNTER_BITS),
            "busy": Out(1),
        }
        if self.has_target:
            members["y"] = In(stream.Signature(layout_of(inputs["y"])))
        if self.learns and not always:
            members["train"] = In(1)
        if self._formats:
            places = len(self._formats) * channels
            address = unsigned(max(1, (places - 1).bit_length()))
            value = signed(widest(self._formats).width)
            members["load"] = In(
                stream.Signature(data.StructLayout({"address": address, "value": value}))
            )
            members["fetch"] = In(stream.Signature(address))
            members["fetched"] = Out(stream.Signature(value))
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    @property
    def parameter_formats(self) -> tuple[Format, ...]:
        """The formats of the parameters, by address."""
        return self._formats * self.channels

    def _leaves(self, port: str) -> int:
        return self.pipeline.leaves.get(port, self.pipeline.latency)

    def _loops(self, port: str) -> list[tuple[Loop, int]]:
        pairs = zip(self.pipeline.loops, self.pipeline.pushes, strict=True)
        return [(loop, push) for loop, push in pairs if loop.port == port]

    def _places(self, port: str) -> dict[int, int]:
        """Which element of an input port each of its nets is."""
        return {net: i for i, net in enumerate(self.netlist.input(port).nets.tolist())}

    @property
    def last(self) -> int:
        """The last stage in which a sample changes anything; it is counted in the one after."""
        leaves = [self._leaves(p.name) for p in self.netlist.outputs if p.name in COUNTED]
        return 1 + max([*leaves, *self.pipeline.pushes, self._until("y")])

    @property
    def _counts(self) -> int:
        """In which stage a sample takes the room and the target that it will need.

        What enters is known late in its cycle. With a beat the next sample is not there so soon.
        """
        return -1 if self.pipeline.beat == 1 else 0

    def _until(self, port: str) -> int:
        """The last stage in which the elements of an input port, if there is one, are there."""
        ports = {port.name: port.nets for port in self.netlist.inputs if len(port)}
        return int(self.pipeline.begins[ports[port][0]]) if port in ports else 0

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        enters, train = Signal(), Signal()
        slots = self._slots(m)
        m.d.comb += train.eq(self.train if "train" in self.signature.members else self.learns)
        tokens = Tokens(m, self.last, enters, train)
        # What follows from an entrance starts a cycle later, with its token: `enters` comes from
        # the edge of the device, and has far to go.
        settling = Countdown(m, "settling", self.last)
        with m.If(tokens.valid(0)):
            settling.start(self.last)
        idle = settling.over & ~tokens.valid(0)
        m.d.comb += self.busy.eq(~idle)

        kept = ["parameters", "state"]
        access = None
        if self._formats:
            access = serve(m, self, idle, self.x.valid, len(self._formats), self.channels)
        queues = Queues(m, self.pipeline, tokens, self.family)
        held: dict[int, Held] = queues.held()
        stores: dict[str, Registers | Rows] = {}
        sums: dict[int, HeldSum] = {}
        added = {
            loop.source: self._places(SUMMED)[loop.target]
            for loop in self.pipeline.loops
            if loop.addend is not None
        }
        if self.channels > 1:
            row, serving = (access.row, access.serving) if access else (Const(0), Const(0))
            channels = Channels(m, self.channels, self.last, enters, serving, row)
        for name, formats, initial in zip(
            kept, (self._formats, self._state_formats), (self.initial, self.state), strict=True
        ):
            if formats and self.channels > 1:
                stores[name] = Rows(
                    m, name, formats, initial, channels, self.channels, self.family, name == "state"
                )
            elif access is not None and name == SUMMED and added:
                numbers = Sums(m, name, formats, initial, self.family, access, added.values())
                sums = {source: numbers.sum(i) for source, i in added.items()}
                stores[name] = numbers
            elif formats and name == "state" and self.pipeline.turns:
                stores[name] = Carousel(m, name, formats, initial, self.family, self.pipeline)
            elif formats:
                stores[name] = Registers(m, name, formats, initial, self.family)
        for name, store in stores.items():
            held |= {net: store.held(i) for net, i in self._places(name).items()}

        entered = Signal(self.x.payload.shape(), name="x_entered", reset_less=True)
        with m.If(slots[-1]) if slots else nullcontext():
            m.d.sync += entered.eq(self.x.payload)
        inputs = {"x": elements(entered)}
        may_enter: Value = Const(1, 1)
        if self.has_target:
            target, there = targets(m, self.y, tokens, self._until("y"), self._counts, self.family)
            inputs["y"] = elements(data.View(self.y.payload.shape(), target))
            may_enter = there | ~train
        registers, zeros = stores.get("state"), set[int]()
        if isinstance(registers, Registers) and self.pipeline.beat == 1:
            zeros = {net for net, i in self._places("state").items() if not self.state[i]}
        carrying = inside(self.pipeline, zeros)
        replaced = [carried.loop for carried in carrying.values() if carried.holds == "product"]
        result = flow(
            m,
            self.pipeline,
            inputs,
            held,
            family=self.family,
            slots=slots,
            sums=sums,
            carrying=carrying,
        )

        entering = dict(zip(self.pipeline.loops, result.entering, strict=True))
        saturating = dict(zip(self.pipeline.loops, result.saturating, strict=True))
        queues.connect(entering)
        for name, store in stores.items():
            place = self._places(name)
            writes: list[Write | None] = [None] * len(place)
            for loop, push in self._loops(name):
                if loop.source != loop.target and loop not in replaced:
                    writes[place[loop.target]] = Write(entering[loop], push, saturating[loop])
            at_hand = store.connect(tokens, writes, access if name == "parameters" else None)
            if access is not None and name == "parameters":
                access.answer(m, self, at_hand)
        for cell, carried in carrying.items():
            assert isinstance(registers, Registers)
            register = registers.registers[self._places("state")[carried.loop.target]]
            connect(m, self.netlist, tokens, carried, result.blocks[cell], entering, register)

        shown, leaves = Cat(*result.outputs["prediction"]), self._leaves("prediction")
        room = predictions(m, self.prediction, shown, tokens, leaves, self._counts, self.family)
        may_enter = room & may_enter
        self._count(m, tokens, result)
        if slots:
            may_enter &= slots[-1]
        self._enter(m, enters, train, may_enter, access)
        return m

    def _slots(self, m: Module) -> list[Value]:
        """Which cycle of the beat it is: a sample enters in the last, and is in stage 0 next."""
        if self.pipeline.beat == 1:
            return []
        slots = Signal(self.pipeline.beat, init=1, name="slots")
        m.d.sync += slots.eq(slots.rotate_left(1))
        return list(slots)

    def _enter(
        self,
        m: Module,
        enters: Signal,
        train: Signal,
        may_enter: Value,
        access: Access | None,
    ) -> None:
        """Let a sample in: what says so comes from the edge of the device, and has far to go."""
        longest = max(self.interval, self.predict_interval)
        # A beat that is as long keeps samples apart by itself.
        gap = Countdown(m, "gap", longest - 1 if longest > self.pipeline.beat else 0)
        holds = access.holds if access is not None else Const(0, 1)
        m.d.comb += [
            self.x.ready.eq(may_enter & gap.over & ~holds),
            enters.eq(self.x.valid & self.x.ready),
        ]
        with m.If(enters):
            gap.start(Mux(train, self.interval - 1, self.predict_interval - 1))

    def _count(self, m: Module, tokens: Tokens, result: Flow) -> None:
        """Add the events of each sample to the counters."""
        counts: list[tuple[str, Value, Value]] = [
            ("samples", tokens.valid(self._leaves("prediction")), Const(1, 1))
        ]
        for name, line in (
            ("forward_saturations", tokens.valid),
            ("learning_saturations", tokens.trained),
        ):
            if result.outputs.get(name):
                counts.append((name, line(self._leaves(name)), result.outputs[name][0]))
        for name, event, number in counts:
            count(m, self.pipeline, getattr(self, name), event, number)


COUNTED = ("prediction", "forward_saturations", "learning_saturations")
"""The output ports whose stages matter to the outside."""
