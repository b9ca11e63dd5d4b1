"""What cocotb runs in test_witness.py: cocotbext-axi drives all ports of a core at once.

Reads, writes and samples overlap, every channel pauses at random, and a model of a dictionary and
the reference say what has to come out.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Combine, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

FILE = Path("settings.json")
# Whoever looks for docstring examples imports this file elsewhere.
SETTINGS = json.loads(FILE.read_text()) if FILE.exists() else {}


def pauses(probability: float):
    return (random.random() < probability for _ in itertools.count())


async def start(dut):
    """A core out of reset, and those that drive it."""
    random.seed(1)
    cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
    dut.aresetn.value = 0

    def stream(kind, name):
        bus = AxiStreamBus.from_prefix(dut, name)
        end = kind(bus, dut.aclk, dut.aresetn, reset_active_level=False)
        end.set_pause_generator(pauses(0.4))
        return end

    host = AxiLiteMaster(
        AxiLiteBus.from_prefix(dut, "s_axil"), dut.aclk, dut.aresetn, reset_active_level=False
    )
    for channel in (
        host.write_if.aw_channel,
        host.write_if.w_channel,
        host.write_if.b_channel,
        host.read_if.ar_channel,
        host.read_if.r_channel,
    ):
        channel.set_pause_generator(pauses(0.4))
    x, y = (stream(AxiStreamSource, f"s_axis_{name}") for name in "xy")
    prediction = stream(AxiStreamSink, "m_axis_prediction")
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 4)
    return host, x, y, prediction


async def read(host, address):
    answer = await with_timeout(host.read(address, 4), 100, "us")
    return int.from_bytes(answer.data, "little"), answer.resp


async def write(host, address, number, size=4):
    data = (number & (1 << 8 * size) - 1).to_bytes(size, "little")
    answer = await with_timeout(host.write(address, data), 100, "us")
    return answer.resp


@cocotb.test()
async def parameters_are_memory(dut):
    """Writes and reads of many addresses are under way together."""
    host, *_ = await start(dut)
    places = SETTINGS["addresses"]
    numbers = {address: random.getrandbits(SETTINGS["bits"] - 1) for address in places}

    async def one(address):
        assert await write(host, address, numbers[address]) == AxiResp.OKAY
        assert await read(host, address) == (numbers[address], AxiResp.OKAY)

    for _ in range(4):
        numbers.update({a: random.getrandbits(SETTINGS["bits"] - 1) for a in places})
        await Combine(*(cocotb.start_soon(one(address)) for address in places))


@cocotb.test()
async def only_whole_words_of_what_is_there_are_written(dut):
    host, *_ = await start(dut)
    first, bits = SETTINGS["addresses"][0], SETTINGS["bits"]
    assert await write(host, first, 5) == AxiResp.OKAY
    for offset, size in ((0, 1), (3, 1), (1, 2), (0, 3), (1, 3)):
        assert await write(host, first + offset, 0x33, size) == AxiResp.SLVERR
    # Strobes in two words, some in each: both are refused, and so is the whole.
    assert await write(host, first + 2, 0x33) == AxiResp.SLVERR
    assert await write(host, SETTINGS["identity"], 0) == AxiResp.SLVERR
    for address in SETTINGS["nowhere"]:
        assert await write(host, address, 1) == AxiResp.SLVERR
        assert await read(host, address) == (0, AxiResp.SLVERR)
    assert await read(host, first) == (5, AxiResp.OKAY)
    answer = await with_timeout(host.read(first + 1, 3), 100, "us")
    assert (bytes(answer.data), answer.resp) == (bytes(3), AxiResp.OKAY)

    # What is above a parameter or a field is not looked at.
    assert await write(host, first, 0x7FFFFFFF << bits | 3) == AxiResp.OKAY
    assert await read(host, first) == (3, AxiResp.OKAY)
    sign = 1 << bits - 1
    assert await write(host, first, sign) == AxiResp.OKAY
    assert await read(host, first) == (2**32 - sign, AxiResp.OKAY)
    control = SETTINGS["control"]
    assert await write(host, control, 0xFFFFFFFF) == AxiResp.OKAY
    assert await read(host, control) == (1, AxiResp.OKAY)
    assert await write(host, control + 1, 0, size=3) == AxiResp.OKAY
    assert await read(host, control) == (1, AxiResp.OKAY)
    assert await write(host, control, 0, size=1) == AxiResp.OKAY
    assert await read(host, control) == (0, AxiResp.OKAY)


@cocotb.test()
async def samples_stream_while_registers_are_read(dut):
    host, x, y, prediction = await start(dut)
    for address, number in zip(SETTINGS["addresses"], SETTINGS["before"], strict=True):
        assert await write(host, address, number) == AxiResp.OKAY
    await write(host, SETTINGS["control"], 1)
    done = False

    async def watch():
        """Counters only grow, and end where they should."""
        last = 0
        while not done:
            now, response = await read(host, SETTINGS["samples"])
            assert response == AxiResp.OKAY
            assert last <= now <= len(SETTINGS["x"])
            last = now

    watching = cocotb.start_soon(watch())
    for name, source in (("x", x), ("y", y)):
        for frame in SETTINGS[name]:
            source.send_nowait(AxiStreamFrame(bytes.fromhex(frame)))
    for wanted in SETTINGS["predictions"]:
        frame = await with_timeout(prediction.recv(), 200, "us")
        assert bytes(frame.tdata).hex() == wanted
    done = True
    await watching
    assert prediction.empty()
    while (await read(host, SETTINGS["status"]))[0] & 1:
        pass
    assert (await read(host, SETTINGS["samples"]))[0] == len(SETTINGS["x"])
    assert (await read(host, SETTINGS["misframed"]))[0] == 0
    after = [(await read(host, address))[0] for address in SETTINGS["addresses"]]
    assert after == SETTINGS["after"]


@cocotb.test()
async def frames_of_a_wrong_length_are_counted(dut):
    """The numbers are taken as they come; two frames for one sample are two mistakes."""
    host, x, _, prediction = await start(dut)
    frame = bytes.fromhex(SETTINGS["x"][0])
    part = len(frame) // SETTINGS["transfers"]
    if SETTINGS["transfers"] == 1:
        return
    await x.send(AxiStreamFrame(frame[:part]))
    await x.send(AxiStreamFrame(frame[part:]))
    await with_timeout(prediction.recv(), 200, "us")
    assert (await read(host, SETTINGS["misframed"]))[0] == 1
