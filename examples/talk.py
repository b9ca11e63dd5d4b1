"""Let a board learn, and compare it with the integer program at every sample.

python examples/talk.py --port /dev/ttyUSB1   an iCEBreaker, with `make bitstream BOARD=icebreaker`
python examples/talk.py                       the same gateware, simulated down to its pins
"""

from __future__ import annotations

import argparse
import sys

import lms
import numpy as np
from bitstream import lms_parts
from rich.progress import track

import boards
from boards.beside import Beside
from boards.host import Device
from boards.port import Port, SerialPort
from boards.simulated import SimulatedPort
from boards.top import Top
from boards.training import Training
from boards.verilated import VerilatedPort, installed
from catgrad import CatgradError
from sim import Samples, real_samples

FAST = 4  # clock cycles a bit on the simulated line


def main() -> int:
    """Stream, compare, say what was found; exit status 1 and one sentence if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", help="serial port of the board; without it, one is simulated")
    parser.add_argument("--samples", type=int, default=50)
    arguments = parser.parse_args()
    hardware, learner, front = lms_parts()
    try:
        port: Port
        if arguments.port:
            top = Top.on(boards.get("icebreaker"), learner, "lms", front)
            port = SerialPort.to(arguments.port, top.design)
        else:
            top = Top(learner, "lms", FAST, front)
            port = VerilatedPort(top) if installed() else SimulatedPort(top)
        x, y = lms.signals(arguments.samples)
        samples = real_samples(hardware, [x[:, None]], [y[:, None]])
        # The board keeps the last samples itself, so that each frame brings only the newest.
        newest = Samples(samples.x[:, :1], samples.y, samples.train)
        device = Device(port, top.design)
        training = Training(device, newest, Beside(hardware, front), every=1)
        training.begin(hardware.flatten(hardware.quantise_parameters([np.zeros((lms.TAPS, 1))])))
        for _ in track(training, description="learning", total=len(samples)):
            pass
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    found = training.checkpoint.parameters
    print(f"{len(samples)} samples learned; {training.compared} integers from the board, all equal")
    print("response found: ", np.round(found * hardware.formats.weights.step, 3))
    print("response hidden:", np.round(lms.channel(), 3))
    return 0


if __name__ == "__main__":
    sys.exit(main())
