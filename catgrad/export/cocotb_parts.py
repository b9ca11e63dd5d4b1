"""The parts of a test bench for cocotb, as texts to be filled in."""

from __future__ import annotations

HEAD = '''\
"""Checks {name} in a Verilog simulator, sample by sample, against the integers of reference.py.

    python test_{name}.py            # Icarus Verilog
    python test_{name}.py verilator

It needs {packages}. All ports stall at random; SEED in the environment repeats a run.
"""

import os
import random
import sys
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
{imports}
sys.path.insert(0, str(Path(__file__).parent))
from reference import Reference  # noqa: E402

SAMPLES = {samples}
STALL = 0.3  # the probability in each cycle that a port offers nothing, or takes nothing

# Of each array: its shape, its bits, and whether it has a sign.
KEPT = {kept}
SHOWN = {shown}  # which of these have addresses; the others begin with 0
CHANNELS = {channels}  # learners that take turns
MEMORY = {memory}
X = {x}
Y = {y}  # the reference takes them even where the core only predicts
PREDICTIONS = {predictions}

# Of each number in a transfer: its lowest bit and its width.
X_PLACES = {x_places}
Y_PLACES = {y_places}
PREDICTION_PLACES = {prediction_places}
PREDICTION_SIGNED = {prediction_signed}

PLACES = {places}  # the address of each parameter
VALUE_BITS = {value_bits}


def draw(array):
    """An array of any integers of its format, most of them small."""
    shape, bits, signed = array
    low = -(1 << bits - 1) if signed else 0
    numbers = np.random.randint(low, low + (1 << bits), shape, dtype=np.int64)
    return numbers >> np.random.randint(0, 4, shape)


def flat(arrays):
    """The numbers of arrays, one after another, row by row."""
    return [int(number) for array in arrays for number in np.ravel(array)]


def words(numbers, places):
    """The numbers of a sample as transfers: those that travel together side by side."""
    found = []
    for first in range(0, len(numbers), len(places)):
        word = 0
        for number, (low, width) in zip(numbers[first:], places):
            word |= (number & (1 << width) - 1) << low
        found.append(word)
    return found


def numbers_of(word, places, signed):
    """The numbers in a transfer."""
    found = []
    for (low, width), negative in zip(places, signed):
        number = word >> low & (1 << width) - 1
        found.append(number - (number >> width - 1 << width) if negative else number)
    return found


def stalls():
    """For each cycle, whether to wait."""
    while True:
        yield random.random() < STALL

'''

PLAIN_STREAMS = '''
class Source:
    """Offers words on a stream, in order, each from a random cycle on until it is taken."""

    def __init__(self, dut, name):
        self.valid, self.ready, self.payload = (
            getattr(dut, f"{name}__{end}") for end in ("valid", "ready", "payload")
        )
        self.valid.value = 0
        self.dut, self.clock = dut, {clock}

    async def send(self, words, train=None):
        for word in words:
            while random.random() < STALL:
                await RisingEdge(self.clock)
            self.valid.value, self.payload.value = 1, word
            if train is not None:
                self.dut.train.value = train
            await RisingEdge(self.clock)
            while not self.ready.value:
                await RisingEdge(self.clock)
            self.valid.value = 0


class Sink:
    """Takes words from a stream at random."""

    def __init__(self, dut, name):
        self.valid, self.ready, self.payload = (
            getattr(dut, f"{name}__{end}") for end in ("valid", "ready", "payload")
        )
        self.ready.value = 0
        self.dut, self.clock = dut, {clock}

    async def take(self, count):
        found = []
        while len(found) < count:
            self.ready.value = int(random.random() >= STALL)
            await RisingEdge(self.clock)
            if self.valid.value and self.ready.value:
                found.append(int(self.payload.value))
        self.ready.value = 0
        return found

'''

PLAIN_REGISTERS = '''
class Host:
    """Reaches parameters and counters by their ports."""

    def __init__(self, dut):
        self.dut, self.clock = dut, {clock}
        if PLACES:
            self.loads, self.fetches = Source(dut, "load"), Source(dut, "fetch")
            self.fetched = Sink(dut, "fetched")

    async def load(self, place, number):
        await self.loads.send([(number & (1 << VALUE_BITS) - 1) << {address_bits} | place])

    async def fetch(self, place):
        await self.fetches.send([place])
        [word] = await self.fetched.take(1)
        return word - (word >> VALUE_BITS - 1 << VALUE_BITS)

    async def counters(self):
        await ClockCycles(self.clock, 2)
{rest}        return [
            int(getattr(self.dut, name).value)
            for name in ("samples", "forward_saturations", "learning_saturations")
        ]

'''

REGISTERS = '''
class Host:
    """Reaches parameters, counters and the switch for learning by registers."""

    def __init__(self, dut):
        self.dut, self.clock = dut, {clock}
{make}
    async def load(self, place, number):
        for word in range({words}):
            part = (number & (1 << VALUE_BITS) - 1) >> 32 * word & 0xFFFFFFFF
            await self.write({window} + {stride} * place + 4 * word, part)

    async def fetch(self, place):
        number = 0
        for word in range({words}):
            number |= await self.read({window} + {stride} * place + 4 * word) << 32 * word
        number &= (1 << VALUE_BITS) - 1
        return number - (number >> VALUE_BITS - 1 << VALUE_BITS)

    async def train(self, switch):
        await self.write({control}, int(switch))

    async def counters(self):
        while await self.read({status}) & 1:
            pass
        return [await self.read(address) for address in {counters}]

{bus}
'''

AXI_LITE_MAKE = """\
        self.bus = AxiLiteMaster(
            AxiLiteBus.from_prefix(dut, "s_axil"), {clock}, dut.aresetn, reset_active_level=False
        )
"""

AXI_LITE = """\
    async def write(self, address, number):
        answer = await self.bus.write(address, number.to_bytes(4, "little"))
        assert answer.resp == 0, answer

    async def read(self, address):
        answer = await self.bus.read(address, 4)
        assert answer.resp == 0, answer
        return int.from_bytes(answer.data, "little")
"""

WISHBONE_MAKE = """\
        dut.wb_cyc_i.value = dut.wb_stb_i.value = 0
"""

WISHBONE = """\
    async def cycle(self, write, address, number=0):
        dut = self.dut
        dut.wb_cyc_i.value = dut.wb_stb_i.value = 1
        dut.wb_we_i.value, dut.wb_sel_i.value = write, 0b1111
        dut.wb_adr_i.value, dut.wb_dat_i.value = address, number
        await RisingEdge(self.clock)
        while not (dut.wb_ack_o.value or dut.wb_err_o.value):
            await RisingEdge(self.clock)
        assert not dut.wb_err_o.value, hex(address)
        word = dut.wb_dat_o.value
        dut.wb_cyc_i.value = dut.wb_stb_i.value = 0
        await RisingEdge(self.clock)
        return int(word) if not write else 0

    async def write(self, address, number):
        await self.cycle(1, address, number)

    async def read(self, address):
        return await self.cycle(0, address)
"""

AXI_STREAMS = '''
class Source:
    """Sends samples on an AXI4-Stream, a frame each."""

    def __init__(self, dut, name):
        bus = AxiStreamBus.from_prefix(dut, f"s_axis_{name}")
        self.end = AxiStreamSource(bus, {clock}, dut.aresetn, reset_active_level=False)
        self.end.set_pause_generator(stalls())
        self.bytes = len(bus.tdata) // 8

    async def send(self, words, train=None):
        data = b"".join(word.to_bytes(self.bytes, "little") for word in words)
        user = {} if train is None else {"tuser": int(train)}
        await self.end.send(AxiStreamFrame(data, **user))
        await self.end.wait()


class Sink:
    """Takes samples from an AXI4-Stream, a frame each."""

    def __init__(self, dut, name):
        bus = AxiStreamBus.from_prefix(dut, f"m_axis_{name}")
        self.end = AxiStreamSink(bus, {clock}, dut.aresetn, reset_active_level=False)
        self.end.set_pause_generator(stalls())
        self.bytes = len(bus.tdata) // 8

    async def take(self, count):
        frame = await self.end.recv()
        data = bytes(frame.tdata)
        assert len(data) == self.bytes * count, (len(data), count)
        return [
            int.from_bytes(data[i : i + self.bytes], "little")
            for i in range(0, len(data), self.bytes)
        ]

'''

MAIN = """
@cocotb.test()
async def integers_are_those_of_the_reference(dut):
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    np.random.seed(seed)
    cocotb.start_soon(Clock({clock}, 10, "ns").start())
    {reset}.value = {active}
{quiet}    x = Source(dut, "x")
{make_y}    prediction = Sink(dut, "prediction")
    host = Host(dut)
    await ClockCycles({clock}, 4)
    {reset}.value = {inactive}
    await ClockCycles({clock}, 2)

    kepts = [
        [draw(a) if i in SHOWN else np.zeros(a[0], np.int64) for i, a in enumerate(KEPT)]
        for _ in range(CHANNELS)
    ]
    memories = [
        [np.array(value, np.int64).reshape(shape) for shape, value in MEMORY]
        for _ in range(CHANNELS)
    ]
    start = flat(kept[i] for kept in kepts for i in SHOWN)
    for place, number in zip(PLACES, start, strict=True):
        await host.load(place, number)
    forward = learning = 0
    for number in range(SAMPLES):
        sample, target = [draw(a) for a in X], [draw(a) for a in Y]
        train = {train}
{switch}        kept, memory = kepts[number % CHANNELS], memories[number % CHANNELS]
        results = Reference.transition(*kept, *memory, *sample, *target)
        wanted = flat(results[: len(PREDICTIONS)])
        memories[number % CHANNELS] = results[len(PREDICTIONS) + len(kept) : -2]
        forward += int(results[-2])
        if train:
            kepts[number % CHANNELS] = results[len(PREDICTIONS) :][: len(kept)]
            learning += int(results[-1])
        cocotb.start_soon(x.send(words(flat(sample), X_PLACES){with_train}))
{send_y}        taken = prediction.take(len(wanted) // len(PREDICTION_PLACES))
        found = [
            n
            for word in await with_timeout(taken, {timeout}, "ns")
            for n in numbers_of(word, PREDICTION_PLACES, PREDICTION_SIGNED)
        ]
        assert found == wanted, f"sample {{number}}: {{found}}, not {{wanted}}"
    assert await host.counters() == [SAMPLES, forward % 2**32, learning % 2**32]
    after = [await host.fetch(place) for place in PLACES]
    assert after == flat(kept[i] for kept in kepts for i in SHOWN)


def main():
    from cocotb_tools.runner import get_results, get_runner

    here = Path(__file__).parent
    simulator = sys.argv[1] if len(sys.argv) > 1 else "icarus"
    runner = get_runner(simulator)
    runner.build(
        sources=[here / "{file}"],
        hdl_toplevel="{name}",
        build_dir=here / f"sim_{{simulator}}",
        build_args=["-Wno-fatal"] if simulator == "verilator" else [],
        timescale=("1ns", "1ps"),
    )
    results = runner.test(
        hdl_toplevel="{name}", test_module=Path(__file__).stem, test_dir=here,
        build_dir=here / f"sim_{{simulator}}",
    )
    _, failed = get_results(results)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
"""
