"""What bench/constant_weights.py asks of da4ml and of alkaid; runs in an environment of its own.

    python bench/peer/shift_and_add.py da4ml FOLDER DELAY [ADDERS]

FOLDER/job.npz holds the matrices of a network, whether a ReLU follows each, and input vectors.
DELAY is by how many adders a product may be deeper than necessary, -1 for the package's default.
With ADDERS it is a pipeline with so many on a way through each stage, else it has no registers.
Writes the Verilog into FOLDER, and prints as JSON: its files, the adders, the most adders on a way
through, the seconds of the processor, and what the package's own emulator makes of the vectors.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

package, folder, delay, *adders_a_stage = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])
tracing = importlib.import_module(f"{package}.trace")
codegen = importlib.import_module(f"{package}.codegen")
is_alkaid = package == "alkaid"  # da4ml under its new name, with other names in it
Input = tracing.FVArrayInput if is_alkaid else tracing.FixedVariableArrayInput
trace = tracing.trace if is_alkaid else tracing.comb_trace

job = np.load(folder / "job.npz")
matrices = [job[name] for name in sorted(job.files) if name.startswith("matrix")]

start = time.process_time()
x = y = Input((len(matrices[0]),), solver_options={"hard_dc": delay}).quantize(1, 7, 0)
for matrix in matrices:
    y = y @ matrix.astype(np.float32)
    if job["relu"]:
        y = y.relu().quantize(0, 8, 0, overflow_mode="SAT")
circuit = trace(x, y)
seconds = time.process_time() - start

project = folder / "project"
# No FPGA here has adders of three operands.
options: dict[str, bool | int] = {"ternary_fuse": False} if is_alkaid else {}
if adders_a_stage:
    options["latency_cutoff"] = adders_a_stage[0]
codegen.RTLModel(circuit, prj_name="network", path=project, **options).write()

adders = 0
depths: list[int] = []
for op in circuit.ops:
    read = op.addr if is_alkaid else [i for i in (op.id0, op.id1) if op.opcode != -1 and i >= 0]
    is_adder = op.opcode in (0, 1)
    adders += is_adder
    depths.append(max((depths[i] for i in read), default=0) + is_adder)

formats = np.array(circuit.out_kifs).T.astype(int).tolist()
predicted = np.asarray(circuit.predict(job["x"].astype(np.float64)))
print(
    json.dumps(
        {
            "files": [str(f) for f in sorted(project.rglob("*.v")) if "wrapper" not in f.name],
            "formats": formats,  # of each output: sign, bits before and after the binary point
            "adders": adders,
            "depth": max(depths[i] for i in circuit.out_idxs if i >= 0),
            "seconds": seconds,
            "y": predicted.astype(np.int64).reshape(len(job["x"]), -1).tolist(),
        }
    )
)
