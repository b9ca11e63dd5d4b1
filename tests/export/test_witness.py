"""cocotbext-axi, which others wrote and others use, is content with the ports of a core.

It holds streams and channels to the rules of AXI: a valid that is withdrawn, data that changes
while it waits, an answer too many or too few would stop it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from catgrad.export import Options, files
from catgrad.export.description import Description
from catgrad.export.registers import map_of, parameter_addresses
from catgrad.hardware.exporting import description, run
from catgrad.hdl.bus.map import register_address
from tests.export.cores import CORES
from tests.export.tools import run as execute

SAMPLES = 20

RUNNER = """
import sys
from pathlib import Path
from cocotb_tools.runner import get_results, get_runner
runner = get_runner("icarus")
core = {"hdl_toplevel": "learner", "build_dir": "sim"}
runner.build(sources=["learner.v"], timescale=("1ns", "1ps"), **core)
results = runner.test(test_module="witness", test_dir=".", **core)
sys.exit(get_results(results)[1] != 0)
"""


def frames(core: Description, stream: str, rows: np.ndarray) -> list[str]:
    """Each sample as the bytes of a frame."""
    size, transfers = core.bits(stream) // 8, core.transfers[stream]
    words = [word.to_bytes(size, "little").hex() for word in core.words(stream, rows)]
    return ["".join(words[i : i + transfers]) for i in range(0, len(words), transfers)]


def settings(name: str) -> tuple[Description, dict]:
    """A core, and what its witness has to know."""
    hardware = CORES[name]()
    core = description(hardware, None, Options("learner", "axi", "axi-lite"), SAMPLES)
    given = core.vectors
    rows = [
        (hardware.unflatten(x, hardware.x_types), hardware.unflatten(y, hardware.y_types))
        for x, y in zip(given.x, given.y, strict=True)
    ]
    before = hardware.unflatten(given.before, hardware.parameter_types)
    vectors = run(hardware, before, rows, np.ones(SAMPLES, dtype=bool))
    addresses = [a for _, own in parameter_addresses(core) for a in own]
    map = map_of(core)

    def words(numbers: np.ndarray) -> list[int]:
        return [int(number) & 0xFFFFFFFF for number in numbers]

    return core, {
        "addresses": addresses,
        "bits": min(array.type.fixed.width for array in core.parameters),
        "nowhere": [register_address("Y_MISFRAMED") + 4, max(addresses) + map.stride],
        "before": words(vectors.before),
        "after": words(vectors.after),
        "x": frames(core, "x", vectors.x),
        "y": frames(core, "y", vectors.y),
        "predictions": frames(core, "prediction", vectors.predictions),
        "transfers": core.transfers["x"],
        "identity": register_address("IDENTITY"),
        "control": register_address("CONTROL"),
        "status": register_address("STATUS"),
        "samples": register_address("SAMPLES"),
        "misframed": register_address("X_MISFRAMED"),
        "width": map.bits,
    }


@pytest.mark.parametrize("name", ["spatial", "folded"])
def test_a_core_under_a_witness(name: str, tmp_path: Path) -> None:
    core, known = settings(name)
    for file, text in files(core).items():
        (tmp_path / file).write_text(text)
    (tmp_path / "settings.json").write_text(json.dumps(known))
    (tmp_path / "witness.py").write_text(Path(__file__).with_name("witness.py").read_text())
    (tmp_path / "runner.py").write_text(RUNNER)
    done = execute(sys.executable, "runner.py", folder=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "TESTS=4 PASS=4 FAIL=0" in done.stdout
