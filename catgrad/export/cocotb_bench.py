"""The test bench of a core for cocotb: the reference runs beside the simulated core."""

from __future__ import annotations

from catgrad.export.cocotb_parts import (
    AXI_LITE,
    AXI_LITE_MAKE,
    AXI_STREAMS,
    HEAD,
    MAIN,
    PLAIN_REGISTERS,
    PLAIN_STREAMS,
    REGISTERS,
    WISHBONE,
    WISHBONE_MAKE,
)
from catgrad.export.description import Array, Description
from catgrad.hdl.bus.core import register_map
from catgrad.hdl.bus.map import register_address


def cocotb_bench(core: Description) -> str:
    """The text of `test_<name>.py`, a program and a module of cocotb."""
    options = core.options
    axi, registers = options.streams == "axi", options.registers
    clocked_by_axi = axi or registers == "axi-lite"
    clock = "dut.aclk" if clocked_by_axi else "dut.clk"
    extension = [*(["AxiLiteBus", "AxiLiteMaster"] if registers == "axi-lite" else [])]
    extension += ["AxiStreamBus", "AxiStreamFrame", "AxiStreamSink", "AxiStreamSource"] * axi
    value_bits = len(core.component.load.payload.value) if core.has("load") else 1
    text = HEAD.format(
        name=core.name,
        packages="cocotb and cocotbext-axi" if extension else "cocotb",
        imports=f"from cocotbext.axi import {', '.join(extension)}\n" if extension else "",
        samples=len(core.vectors.train),
        kept=_arrays(core.kept),
        shown=list(core.shown),
        channels=core.channels,
        memory=[(array.type.shape, value) for array, value in core.memory],
        x=_arrays(core.x),
        y=_arrays(core.targets),
        predictions=_arrays(core.prediction),
        x_places=_places(core, "x"),
        y_places=_places(core, "y"),
        prediction_places=_places(core, "prediction"),
        prediction_signed=[signed for *_, signed in core.places("prediction")],
        places=core.parameter_places,
        value_bits=value_bits,
    )
    text += (AXI_STREAMS if axi else PLAIN_STREAMS).replace("{clock}", clock)
    text += _host(core, clock)
    by_port = core.has("train") and registers is None
    transfers = sum(core.transfers.values()) + 16
    component = core.component
    text += MAIN.format(
        name=core.name,
        file=core.simulated,
        clock=clock,
        reset="dut.aresetn" if clocked_by_axi else "dut.rst",
        active=int(not clocked_by_axi),
        inactive=int(clocked_by_axi),
        quiet="    dut.train.value = 0\n" if by_port and not axi else "",
        make_y='    y = Source(dut, "y")\n' if core.has("y") else "",
        train="random.random() < 0.75" if core.has("train") else str(core.learns),
        switch="        await host.train(train)\n" if core.has("train") and not by_port else "",
        with_train=", train" if by_port else "",
        send_y=(
            "        if train:\n"
            "            cocotb.start_soon(y.send(words(flat(target), Y_PLACES)))\n"
        )
        if core.has("y")
        else "",
        timeout=100 * (component.latency + component.interval + 16 * transfers) + 10_000,
    )
    return text


def _arrays(arrays: tuple[Array, ...]) -> list[tuple[tuple[int, ...], int, bool]]:
    return [(a.type.shape, a.type.fixed.width, a.type.fixed.signed) for a in arrays]


def _places(core: Description, stream: str) -> list[tuple[int, int]]:
    return [(low, width) for low, width, _ in core.places(stream)] if core.has(stream) else []


def _host(core: Description, clock: str) -> str:
    if core.options.registers is None:
        bits = len(core.component.load.payload.address) if core.has("load") else 0
        rest = "        while self.dut.busy.value:\n            await RisingEdge(self.clock)\n"
        text = PLAIN_STREAMS.replace("{clock}", clock) if core.options.streams == "axi" else ""
        text = text.replace("class Source", "class Offers").replace("class Sink", "class Takes")
        host = PLAIN_REGISTERS.format(
            clock=clock, address_bits=bits, rest=rest if core.has("busy") else ""
        )
        if text:
            host = host.replace("Source(", "Offers(").replace("Sink(", "Takes(")
        return text + host
    map = register_map(core.component, core.options.streams)
    lite = core.options.registers == "axi-lite"
    names = ("SAMPLES", "FORWARD_SATURATIONS", "LEARNING_SATURATIONS")
    return REGISTERS.format(
        clock=clock,
        make=(AXI_LITE_MAKE if lite else WISHBONE_MAKE).format(clock=clock),
        bus=(AXI_LITE if lite else WISHBONE).format(clock=clock),
        words=map.words,
        window=map.window,
        stride=map.stride,
        control=register_address("CONTROL"),
        status=register_address("STATUS"),
        counters=[register_address(name) for name in names],
    )
