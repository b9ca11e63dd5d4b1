"""Netlists as stream transducers: hardware that predicts, and learns from what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.hdl.cells import window
from catgrad.hdl.datapath import Values, datapath
from catgrad.hdl.interface import check_initial, check_ports
from catgrad.hdl.layout import elements, layout_of, shape_of
from catgrad.hdl.schedule import schedule
from catgrad.hdl.unread import discard

COUNTER_BITS = 32
"""Counters of events start again from 0 after 2**32 - 1."""


class Transducer(wiring.Component):
    """A Mealy machine that computes one step of a netlist for each sample.

    The netlist is a function `parameters, state, x, y -> parameters, state, prediction`. Picture it
    with its parameters and its state fed back through registers, and a stream on every other wire::

                  .---- registers <---.      load, fetch
                  |   .-----------.   |
                  '-->|           |---'
             x ------>|  netlist  |-------> prediction
             y ------>|           |
                      '-----------'

    A sample is a transfer on `x` and, if `train` is 1 in the cycle of that transfer, one on `y`, in
    the same cycle or later. With `train` 0 the parameters stay as they are and `y` is not consumed.
    The state, which is what a model remembers of the samples before, changes with every sample.
    No sample enters before the prediction for the one before has been taken; it may enter in the
    cycle in which that is.

    Members
    -------
    - `x`: In, stream of n elements (`layout_of`)
    - `y`: In, stream of m elements. Absent if the netlist has no `y`
    - `train`: In(1). Absent if the netlist has no `y` and computes no new parameters
    - `prediction`: Out, stream of m elements
    - `parameters`: Out, the registers of the k parameters. While a prediction is offered, they are
      the parameters after the step on its sample
    - `load`: In, stream of `address` and `value`: sets one parameter, to the low bits of the value.
      Accepted between samples only, and before the next one. Beyond the last parameter it does
      nothing
    - `fetch`: In, stream of addresses. At any time
    - `fetched`: Out, stream of the parameters there, all of one width; 0 beyond the last parameter.
      `parameters`, `load`, `fetch` and `fetched` are absent if the netlist has no parameters
    - `forward_saturations`, `learning_saturations`, `samples`: Out(32), modulo 2**32, what the
      netlist's outputs of the first two names have added up to, and how many predictions there
      were. They include the sample whose prediction is offered. Learning saturations count only
      with `train` 1

    Latency: `latency` cycles, from the cycle in which the last of `x` and `y` is transferred to the
    first in which the prediction is valid. Interval: `interval` cycles between samples, where
    nothing stalls. Both are `cycles` + 1. A fetched parameter is valid one cycle after its address.

    Rounding and overflow are those of the netlist, which this component follows bit for bit.

    Parameters
    ----------
    netlist: inputs `x` and, optionally, `parameters`, `state` and `y`; outputs `prediction` and,
      optionally, `parameters`, `state`, `forward_saturations` and `learning_saturations`
    initial: the integers in the registers of the parameters after reset; zeros if None
    cycles: for how many cycles the netlist computes, see `schedule`
    state: the integers in the registers of the state after reset; zeros if None
    """

    def __init__(
        self,
        netlist: Netlist,
        initial: Sequence[int] | None = None,
        cycles: int = 1,
        state: Sequence[int] | None = None,
    ) -> None:
        check_ports(netlist)
        inputs = {port.name: port.formats for port in netlist.inputs if len(port)}
        outputs = {port.name: port.formats for port in netlist.outputs if len(port)}
        self._formats: tuple[Format, ...] = inputs.get("parameters", ())
        self.initial = check_initial(initial, self._formats)
        self._state_formats: tuple[Format, ...] = inputs.get("state", ())
        self.state = check_initial(state, self._state_formats, "state number")
        self.netlist = netlist
        self.schedule = schedule(netlist, cycles).verify()
        self.latency = self.interval = cycles + 1
        self.has_target = "y" in inputs
        self.learns = self.has_target or "parameters" in outputs

        members = {
            "x": In(stream.Signature(layout_of(inputs["x"]))),
            "prediction": Out(stream.Signature(layout_of(outputs["prediction"]))),
            "forward_saturations": Out(COUNTER_BITS),
            "learning_saturations": Out(COUNTER_BITS),
            "samples": Out(COUNTER_BITS),
        }
        if self.has_target:
            members["y"] = In(stream.Signature(layout_of(inputs["y"])))
        if self.learns:
            members["train"] = In(1)
        if self._formats:
            address = unsigned(max(1, (len(self._formats) - 1).bit_length()))
            value = signed(max(format.width + (not format.signed) for format in self._formats))
            entry = data.StructLayout({"address": address, "value": value})
            members["parameters"] = Out(layout_of(self._formats))
            members["load"] = In(stream.Signature(entry))
            members["fetch"] = In(stream.Signature(address))
            members["fetched"] = Out(stream.Signature(value))
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        free = Signal()  # A sample may enter: none is inside, or its prediction leaves just now.
        step = Signal()  # The last cycle of a computation: the results are right.
        training = Signal()  # What `train` was when the sample inside entered.
        held = {"x": Signal(self.x.payload.shape(), name="x_held", reset_less=True)}
        if self.has_target:
            held["y"] = Signal(self.y.payload.shape(), name="y_held", reset_less=True)
        parameters = [
            Signal(shape_of(format), name=f"parameter_{i}", init=value)
            for i, (format, value) in enumerate(zip(self._formats, self.initial, strict=True))
        ]
        inputs = {name: elements(payload) for name, payload in held.items()}
        state = [
            Signal(shape_of(format), name=f"state_{i}", init=value)
            for i, (format, value) in enumerate(zip(self._state_formats, self.state, strict=True))
        ]
        kept: dict[str, list[Signal]] = {"parameters": parameters, "state": state}
        results = datapath(m, self.schedule, inputs | kept)

        self._control(m, free, step, training, held)
        self._count(m, step, training, results)
        with m.If(step):
            m.d.sync += self.prediction.payload.eq(Cat(*results["prediction"]))
            if state:
                m.d.sync += Cat(*state).eq(Cat(*results["state"]))
        if "parameters" in results:
            with m.If(step & training):
                m.d.sync += Cat(*parameters).eq(Cat(*results["parameters"]))
        if parameters:
            m.d.comb += self.parameters.eq(Cat(*parameters))
            self._load(m, free, parameters)
            self._fetch(m, parameters)
        return m

    def _control(
        self, m: Module, free: Signal, step: Signal, training: Signal, held: dict[str, data.View]
    ) -> None:
        """Lead each sample through: a token waits for the target, then counts the cycles of the
        computation, then becomes the `valid` of the prediction."""
        enters = Signal()
        starts = Signal()  # In the next cycle the computation begins.
        waiting = Signal()
        stage = Signal(self.schedule.cycles)
        loading = self.load.valid if self._formats else Const(0)
        m.d.comb += [
            free.eq(~(waiting | stage.any() | (self.prediction.valid & ~self.prediction.ready))),
            self.x.ready.eq(free & ~loading),
            enters.eq(self.x.valid & self.x.ready),
            step.eq(stage[-1]),
        ]
        m.d.sync += stage.eq(Cat(starts, stage))
        with m.If(enters):
            m.d.sync += held["x"].eq(self.x.payload)
            if self.learns:
                m.d.sync += training.eq(self.train)
        if self.has_target:
            m.d.comb += self.y.ready.eq(waiting | (enters & self.train))
            m.d.comb += starts.eq((enters | waiting) & (~self.y.ready | self.y.valid))
            m.d.sync += waiting.eq(self.y.ready & ~self.y.valid)
            with m.If(self.y.ready & self.y.valid):
                m.d.sync += held["y"].eq(self.y.payload)
        else:
            m.d.comb += starts.eq(enters)
        with m.If(step):
            m.d.sync += self.prediction.valid.eq(1)
        with m.Elif(self.prediction.ready):
            m.d.sync += self.prediction.valid.eq(0)

    def _count(self, m: Module, step: Signal, training: Signal, results: Values) -> None:
        """Add the events of each sample to the counters."""
        events = {"samples": Const(1)}
        if "forward_saturations" in results:
            (events["forward_saturations"],) = results["forward_saturations"]
        if "learning_saturations" in results:
            (count,) = results["learning_saturations"]
            events["learning_saturations"] = Mux(training, count, 0)
        for name, count in events.items():
            counter = getattr(self, name)
            total = counter + count
            after = Signal(total.shape(), name=f"{name}_next")
            m.d.comb += after.eq(total)
            discard(m, name, [after[COUNTER_BITS:]])
            with m.If(step):
                m.d.sync += counter.eq(after)

    def _load(self, m: Module, free: Signal, parameters: Sequence[Signal]) -> None:
        """Let `load` set a parameter while no sample can see it change."""
        address, value = self.load.payload.address, self.load.payload.value
        m.d.comb += self.load.ready.eq(free)
        select = Signal(1 << len(address), name="load_select")
        m.d.comb += select.eq((self.load.valid & self.load.ready) << address)
        for parameter, selected in zip(parameters, select, strict=False):
            with m.If(selected):
                m.d.sync += parameter.eq(value)
        discard(m, "load_select", [select[len(parameters) :]])
        widest = max(format.width for format in self._formats)
        discard(m, "load", [value[widest:]])

    def _fetch(self, m: Module, parameters: Sequence[Signal]) -> None:
        """Answer `fetch` on `fetched`.

        Multiplexers in pairs, a level for each bit of the address, need fewer look-up tables than
        a `Switch` of as many cases.
        """
        format = Format(len(self.fetched.payload), True)
        level = [window(parameter, 0, format) for parameter in parameters]
        for bit in self.fetch.payload:
            level += [Const(0, shape_of(format))] * (len(level) % 2)
            level = [Mux(bit, b, a) for a, b in zip(level[::2], level[1::2], strict=True)]
        (parameter,) = level
        m.d.comb += self.fetch.ready.eq(~self.fetched.valid | self.fetched.ready)
        with m.If(self.fetch.ready):
            m.d.sync += self.fetched.valid.eq(self.fetch.valid)
            m.d.sync += self.fetched.payload.eq(parameter)
