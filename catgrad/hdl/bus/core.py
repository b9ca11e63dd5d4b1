"""A learner with the ports of standard buses: the top of what is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from amaranth.hdl import ClockDomain, Module, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect

from catgrad.hdl.bus.axi_lite import AxiLite, axi_lite
from catgrad.hdl.bus.axi_stream import Beats, Slice, data_bits, packed, unpack
from catgrad.hdl.bus.map import WORD_BITS, RegisterMap
from catgrad.hdl.bus.registers import COUNTERS, Registers
from catgrad.hdl.bus.wishbone import Wishbone, wishbone
from catgrad.hdl.folded.table import modulo
from catgrad.hdl.unread import discard

Streams = Literal["plain", "axi"]
"""How samples travel: by valid, ready and payload, or by AXI4-Stream."""

RegisterBus = Literal["axi-lite", "wishbone"]
"""How a computer reaches what is not a stream of samples."""

INSIDE_BITS = 16
"""Samples inside a learner that does not say itself that it is busy."""

BEHIND_REGISTERS = ("train", "load", "fetch", "fetched", "parameters", "busy", *COUNTERS)
"""Ports of a learner that registers take the place of."""

WISHBONE_PORTS = {
    "cyc": "cyc_i",
    "stb": "stb_i",
    "we": "we_i",
    "adr": "adr_i",
    "sel": "sel_i",
    "dat_w": "dat_i",
    "dat_r": "dat_o",
    "ack": "ack_o",
    "err": "err_o",
}
"""What a Wishbone slave calls its ports."""


class Core(wiring.Component):
    """A learner behind buses::

        s_axis_x ──> slice ──┐              ┌──> m_axis_prediction
        s_axis_y ──> slice ──┤   learner    │
                             └──────────────┘
        s_axil or wb ──> registers ──^

    Members
    -------
    - `streams` "plain": `x`, `y` and `prediction` as the learner has them.
      "axi": `s_axis_x_tdata`, `_tvalid`, `_tready` and `_tlast`, the same for `s_axis_y` and for
      `m_axis_prediction`. In `tdata` each number takes whole bytes, the first one lowest
      (`catgrad.hdl.bus.axi_stream.places`). `tlast` marks the last transfer of a sample. It is
      right on a prediction; on x and y the core counts for itself, and what is marked wrongly only
      counts as misframed
    - `registers` "axi-lite": `s_axil_awaddr` and so on. "wishbone": `wb_cyc_i` and so on. Either
      takes the place of the ports `BEHIND_REGISTERS`. `map` says what is where
    - None: these stay as they are, but for `train`, which is `s_axis_x_tuser` beside an AXI stream
    - with anything of AXI, `aclk`, and `aresetn`, synchronous, low; else the usual domain

    What trains a sample is known in the cycle in which its first transfer is accepted. Latency and
    interval are those of the learner. On AXI streams no output depends on an input of the same
    cycle, if `prediction` of the learner depends on none.

    Parameters
    ----------
    learner: any component with the ports of a `catgrad.hdl.transducer.Transducer`
    transfers: how many make up a sample on x, y and prediction; 1 where nothing is said
    places: the address of each of its parameters; digest: 32 bits that name it
    patience: see `catgrad.hdl.bus.registers.Registers`; None: four times an interval
      and a cycle for each parameter, at least 1024 cycles
    """

    def __init__(
        self,
        learner: Any,
        transfers: Mapping[str, int] | None = None,
        streams: Streams = "plain",
        registers: RegisterBus | None = None,
        places: Sequence[int] = (),
        digest: int = 0,
        patience: int | None = None,
    ) -> None:
        self.learner, self.streams, self.registers = learner, streams, registers
        self.transfers = {"x": 1, "y": 1, "prediction": 1, **(transfers or {})}
        self.latency, self.interval = learner.latency, learner.interval
        own = learner.signature.members
        self.map = register_map(learner, streams)
        self.axi = streams == "axi" or registers == "axi-lite"
        least = max(1024, 4 * (learner.interval + len(places)))
        self.patience = 1 << (least - 1).bit_length() if patience is None else patience
        self._identity = (places, digest, self.patience)
        members: dict[str, wiring.Member] = {"aclk": In(1), "aresetn": In(1)} if self.axi else {}
        for name in ("x", "y", "prediction"):
            if name in own and streams == "plain":
                members[name] = own[name]
            elif name in own:
                members |= _axi_stream(name, data_bits(getattr(learner, name).payload))
        if registers is not None:
            members |= _register_ports(registers, self.map.bits)
        elif streams == "axi" and "train" in own:
            members["s_axis_x_tuser"] = In(1)
        carried = {"x", "y", "prediction", *(BEHIND_REGISTERS if registers is not None else ())}
        carried |= {"train"} if streams == "axi" else set()
        members |= {name: member for name, member in own.items() if name not in carried}
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.learner = learner = self.learner
        if self.axi:
            m.domains.sync = sync = ClockDomain()
            m.d.comb += [sync.clk.eq(self.aclk), sync.rst.eq(~self.aresetn)]
        registers = None
        if self.registers is not None:
            registers = Registers(self.map, *self._identity)
            m.submodules.registers = registers
        train = self._train(registers)
        misframed: dict[str, Value] = {}
        for name in self._has("x", "y"):
            if self.streams == "plain":
                connect(m, wiring.flipped(getattr(self, name)), getattr(learner, name))
            else:
                misframed[name] = self._receive(m, name, train if name == "x" else None)
        if self.streams == "plain":
            connect(m, learner.prediction, wiring.flipped(self.prediction))
            if train is not None:
                m.d.comb += learner.train.eq(train)
        else:
            self._send(m)
        if registers is not None:
            self._connect_registers(m, registers, misframed)
        elif self.streams == "axi":
            discard(m, "misframed", list(misframed.values()))
        for name, member in learner.signature.members.items():
            if name in self.signature.members and name not in ("x", "y", "prediction", "train"):
                _join(m, member, getattr(self, name), getattr(learner, name))
        return m

    def _has(self, *names: str) -> list[str]:
        return [name for name in names if name in self.learner.signature.members]

    def _train(self, registers: Registers | None) -> Value | None:
        """Whether to learn from a sample whose first transfer is accepted in this cycle."""
        if not self._has("train"):
            return None
        if registers is not None:
            return registers.train
        return self.train if self.streams == "plain" else self.s_axis_x_tuser

    def _receive(self, m: Module, name: str, train: Value | None) -> Value:
        """From AXI to the learner; how many transfers were marked wrongly."""
        port = getattr(self.learner, name)
        wide = len(Value.cast(port.payload))
        own = {
            key: getattr(self, f"s_axis_{name}_t{key}")
            for key in ("data", "valid", "ready", "last")
        }
        layout = {"payload": unsigned(wide), "train": unsigned(int(train is not None))}
        slice = Slice(data.StructLayout(layout))
        m.submodules[f"slice_{name}"] = slice
        m.submodules[f"beats_{name}"] = beats = Beats(self.transfers[name])
        arriving = Signal(port.payload.shape(), name=f"{name}_arriving")
        unpack(m, f"s_axis_{name}_tdata", own["data"], arriving)
        m.d.comb += [
            slice.i.payload.payload.eq(Value.cast(arriving)),
            slice.i.valid.eq(own["valid"]),
            own["ready"].eq(slice.i.ready),
            Value.cast(port.payload).eq(slice.o.payload.payload),
            port.valid.eq(slice.o.valid),
            slice.o.ready.eq(port.ready),
            beats.step.eq(own["valid"] & own["ready"]),
        ]
        if train is not None:
            m.d.comb += slice.i.payload.train.eq(train)
            m.d.comb += self.learner.train.eq(slice.o.payload.train)
        wrong = Signal(name=f"{name}_tlast_wrong")
        m.d.comb += wrong.eq(beats.step & (own["last"] != beats.last))
        return wrong

    def _send(self, m: Module) -> None:
        """From the learner to AXI."""
        port = self.learner.prediction
        m.submodules.beats_prediction = beats = Beats(self.transfers["prediction"])
        m.d.comb += [
            self.m_axis_prediction_tdata.eq(packed(port.payload)),
            self.m_axis_prediction_tvalid.eq(port.valid),
            port.ready.eq(self.m_axis_prediction_tready),
            self.m_axis_prediction_tlast.eq(beats.last),
            beats.step.eq(port.valid & port.ready),
        ]

    def _connect_registers(
        self, m: Module, registers: Registers, misframed: Mapping[str, Value]
    ) -> None:
        learner = self.learner
        for name, wrong in misframed.items():
            counter = Signal(WORD_BITS, name=f"{name}_misframed")
            following = modulo(m, f"{name}_misframed_next", counter + wrong, WORD_BITS)
            m.d.sync += counter.eq(following)
            m.d.comb += getattr(registers, f"{name}_misframed").eq(counter)
        for name in COUNTERS:
            m.d.comb += getattr(registers, name).eq(getattr(learner, name))
        m.d.comb += registers.busy.eq(self._busy(m))
        if "load" in registers.signature.members:
            connect(m, registers.load, learner.load)
            connect(m, registers.fetch, learner.fetch)
            connect(m, learner.fetched, registers.fetched)
        if self.registers == "axi-lite":
            m.submodules.bus = front = AxiLite(self.map.bits)
            names = {name: f"s_axil_{name}" for name in axi_lite(1).members}
        else:
            m.submodules.bus = front = Wishbone(self.map.bits)
            names = {name: f"wb_{port}" for name, port in WISHBONE_PORTS.items()}
        for name, port in names.items():
            member = self.signature.members[port]
            _join(m, member, getattr(self, port), getattr(front.bus, name))
        connect(m, front.request, registers.request)
        connect(m, registers.answer, front.answer)

    def _busy(self, m: Module) -> Value:
        learner = self.learner
        if self._has("busy"):
            return learner.busy | learner.x.valid
        inside = Signal(INSIDE_BITS)
        enters = learner.x.valid & learner.x.ready
        leaves = learner.prediction.valid & learner.prediction.ready
        with m.If(enters & ~leaves):
            m.d.sync += inside.eq(modulo(m, "inside_more", inside + 1, INSIDE_BITS))
        with m.Elif(leaves & ~enters):
            m.d.sync += inside.eq(modulo(m, "inside_less", inside - 1, INSIDE_BITS))
        return inside.any() | learner.x.valid


def register_map(learner: Any, streams: Streams) -> RegisterMap:
    """The registers that a learner has behind a bus."""
    members = learner.signature.members
    has = "load" in members
    return RegisterMap(
        address_bits=len(learner.load.payload.address) if has else None,
        value_bits=len(learner.load.payload.value) if has else 1,
        learns="train" in members,
        framed=tuple(n for n in ("x", "y") if n in members) if streams == "axi" else (),
    )


def _axi_stream(name: str, bits: int) -> dict[str, wiring.Member]:
    into, out, prefix = In, Out, f"s_axis_{name}"
    if name == "prediction":
        into, out, prefix = Out, In, f"m_axis_{name}"
    return {
        f"{prefix}_tdata": into(bits),
        f"{prefix}_tvalid": into(1),
        f"{prefix}_tready": out(1),
        f"{prefix}_tlast": into(1),
    }


def _register_ports(bus: RegisterBus, bits: int) -> dict[str, wiring.Member]:
    if bus == "axi-lite":
        ports = axi_lite(bits).flip().members
        return {f"s_axil_{name}": member for name, member in ports.items()}
    ports = wishbone(bits).flip().members
    return {f"wb_{WISHBONE_PORTS[name]}": member for name, member in ports.items()}


def _join(m: Module, member: wiring.Member, outside: Any, inside: Any) -> None:
    """Let a port of the whole be that of a part, whose member it is."""
    if member.is_signature:
        out = member.flow is Out
        pair = (inside, wiring.flipped(outside)) if out else (wiring.flipped(outside), inside)
        connect(m, *pair)
    elif member.flow is Out:
        m.d.comb += Value.cast(outside).eq(Value.cast(inside))
    else:
        m.d.comb += Value.cast(inside).eq(Value.cast(outside))
