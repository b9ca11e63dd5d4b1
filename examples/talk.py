"""Let a board learn, and compare it with the integer program at every sample.

python examples/talk.py --port /dev/ttyUSB1   an iCEBreaker that runs build/icebreaker/lms.bin
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
from boards.host import Device
from boards.port import SerialPort
from boards.simulated import SimulatedPort
from boards.top import Top
from catgrad import CatgradError
from sim import real_samples, reference_trace

FAST = 4  # clock cycles a bit on the simulated line
PATIENCE = 400  # clock cycles


def main() -> int:
    """Stream, compare, say what was found; exit status 1 and one sentence if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", help="serial port of the board; without it, one is simulated")
    parser.add_argument("--samples", type=int, default=50)
    arguments = parser.parse_args()
    hardware, learner, front = lms_parts()
    try:
        if arguments.port:
            top = Top.on(boards.get("icebreaker"), learner, "lms", front)
            device = Device(SerialPort(arguments.port), top.design)
        else:
            top = Top(learner, "lms", FAST, PATIENCE, front)
            device = Device(SimulatedPort(top), top.design)
        x, y = lms.signals(arguments.samples)
        samples = real_samples(hardware, [x[:, None]], [y[:, None]])
        start = hardware.quantise_parameters([np.zeros((lms.TAPS, 1))])
        device.load(hardware.flatten(start))
        expected = reference_trace(hardware, samples, start)
        # The board keeps the last samples itself, so that each frame brings only the newest.
        newest, targets = samples.x[:, :1], np.asarray(samples.y)
        for i in track(range(len(samples)), description="learning"):
            prediction, parameters = device.learn(newest[i], targets[i]), device.fetch()
            for name, found, wanted in (
                ("prediction", prediction, expected.predictions[i]),
                ("parameters", parameters, expected.parameters[i]),
            ):
                if list(found) != list(wanted):
                    raise CatgradError(
                        f"Sample {i}: the board's {name} {list(found)} differs from the integer "
                        f"program's {list(wanted)}; reset the board, so that its delay line is "
                        f"empty, and try again."
                    )
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    count = expected.predictions.size + expected.parameters.size
    print(f"{len(samples)} samples learned; {count} integers from the board, all equal")
    print("response found: ", np.round(expected.parameters[-1] * hardware.formats.weights.step, 3))
    print("response hidden:", np.round(lms.channel(), 3))
    return 0


if __name__ == "__main__":
    sys.exit(main())
