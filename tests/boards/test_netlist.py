"""What synthesis makes of a design answers, byte for byte, as the design does.

Synthesis has been caught dropping registers, and once a whole datapath, without an error. So the
synthesised cells run in Icarus Verilog.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import boards
from boards import yosys
from boards.build import Wired
from boards.host import Device
from boards.simulated import SimulatedPort
from boards.toolchain import implement, plan
from boards.top import Top
from catgrad.hdl.transducer import Transducer
from sim import cell_models
from tests.boards.learners import DIVISOR, lms

BENCH = Path(__file__).with_name("netlist_bench.v")


class Recorder:
    """A port that remembers what went through it."""

    def __init__(self, port: SimulatedPort) -> None:
        self.port = port
        self.requests: list[bytes] = []
        self.answers = b""

    def write(self, data: bytes) -> None:
        self.requests.append(data)
        self.port.write(data)

    def read(self, count: int) -> bytes:
        data = self.port.read(count)
        self.answers += data
        return data

    def clear(self) -> None:
        self.port.clear()


def conversation(top: Top) -> Recorder:
    """A host that tries everything on a board."""
    recorder = Recorder(SimulatedPort(top))
    device = Device(recorder, top.design)
    rng = np.random.default_rng(2)
    samples = rng.integers(-2048, 2048, size=(12, 3))
    for x0, x1, y in samples[:6]:
        device.learn([x0, x1], [y])
    device.predict([-2048, 2047])
    device.fetch()
    device.load([-32768, 32767])
    for x0, x1, y in samples[6:]:
        device.learn([x0, x1], [y])
    device.fetch()
    device.counters()
    return recorder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "cycles", "clock", "models"),
    [
        ("icebreaker", 1, "clk12_0__io", cell_models.ice40),
        ("icebreaker", 3, "clk12_0__io", cell_models.ice40),
        ("ulx3s", 2, "clk25_0__io", cell_models.ecp5),
    ],
)
def test_the_cells_answer_as_the_design(
    name: str, cycles: int, clock: str, models: Callable[[], str], tmp_path: Path
) -> None:
    board = boards.get(name)
    top = Top(Transducer(lms(2), [5, -6], cycles), "lms", DIVISOR)
    implement(plan(board, Wired(top, board), "lms"), tmp_path, tmp_path / "lms.log")
    commands = "read_json lms.json; write_verilog -noattr netlist.v"
    subprocess.run([sys.executable, yosys.__file__, "-q", "-p", commands], cwd=tmp_path, check=True)
    netlist = tmp_path / "netlist.v"
    netlist.write_text(cell_models.netlist(netlist.read_text()))

    expected = conversation(top)
    marked = [
        byte + 256 * (i == len(request) - 1)
        for request in expected.requests
        for i, byte in enumerate(request)
    ]
    (tmp_path / "requests.hex").write_text("".join(f"{byte:x}\n" for byte in marked))
    (tmp_path / "models.v").write_text(models())
    defines = {
        "DIVISOR": DIVISOR,
        "COUNT": len(marked),
        "PAUSE": 30 * 10 * DIVISOR,
        "DESIGN": f"lms lms(.{clock}(clk_pin), .uart_0__rx__io(rx_pin), .uart_0__tx__io(tx));",
    }
    options = ["-g2012", "-s", "bench", *(f"-D{name}={value}" for name, value in defines.items())]
    sources = ["models.v", "netlist.v", str(BENCH)]
    subprocess.run(["iverilog", "-o", "bench", *options, *sources], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert bytes.fromhex(done.stdout) == expected.answers
