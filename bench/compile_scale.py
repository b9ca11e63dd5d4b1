"""How compile time and memory grow with the size of a program, beside catgrad 0.2.2.

    python bench/compile_scale.py           # everything: some six minutes, most of them 0.2.2's
    python bench/compile_scale.py --alone   # without 0.2.2

Every figure is taken in a process of its own, one after another: the median of three runs after a
first one on a small program, or one run of 0.2.2; of deep models, that of three such, in turns with
0.2.2. Seconds are those of the processor, so that what else the machine does matters less. Memory
is the peak of what is allocated beyond the program itself. 0.2.2 runs in an environment of its own,
made in build/peer at the first time.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
import venv
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np

from catgrad import Dtype, Formats, NdArrayType, compile_model, layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate
from catgrad.circuit.lower import lower
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.share import share
from catgrad.core.types import op
from catgrad.fixed.quantise import quantise
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph, SegmentedArray
from catgrad.kernel import to_kernels, unroll
from catgrad.learner import learner, transition

ROOT = Path(__file__).parents[1]
PEER = ROOT / "build" / "peer" / "catgrad-0.2.2"


class Measured(TypedDict):
    """Seconds for some operations, and the bytes allocated on the way."""

    seconds: float
    operations: int
    peak: int


################################################################################
# Programs


def real(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def halves(operation: B.Multiply | B.Add, n: int) -> OpenHypergraph:
    """An operation n times side by side, on numbers i and n + i: ``2n -> n``."""
    number = op(operation)
    pairs = FiniteFunction.transpose(2, n)  # the operands of each operation side by side
    repeated = OpenHypergraph.tensor_operations(
        number.H.x.take(np.zeros(n, np.int64)),
        segments(number.source, n),
        segments(number.target, n),
    )
    return OpenHypergraph(pairs >> repeated.s, repeated.t, repeated.H)


def segments(A: Labels, n: int) -> SegmentedArray[Labels]:
    """The same labels n times."""
    return SegmentedArray(np.full(n, len(A)), A.take(np.tile(np.arange(len(A)), n)))


def dot_product(n: int) -> OpenHypergraph:
    """Of 2n numbers, each on a wire of its own: ``n`` products and a tree of additions."""
    f = halves(B.Multiply(real()), n)
    while n > 1:
        odd = OpenHypergraph.identity(f.target[: n % 2])
        f = f >> (halves(B.Add(real()), n // 2) @ odd)
        n = len(f.target)
    return f


def deep_model(depth: int) -> OpenHypergraph:
    """So many dense layers, each made anew."""
    batch, width = real(8), real(16)
    model = layers.dense(batch, width, width)
    for _ in range(depth - 1):
        model = model >> layers.dense(batch, width, width)
    return model


def digits_step() -> OpenHypergraph:
    """A step of learning of a model 64-32-10 on one sample, in fixed point."""
    batch, x, hidden, y = real(1), real(64), real(32), real(10)
    model = layers.dense(batch, x, hidden, layers.relu) >> layers.dense(
        batch, hidden, y, layers.relu
    )
    digits = learner(model, layers.sgd(2**-6), layers.mse)
    kept = digits.parameters
    return transition(quantise(digits.whole, Formats.uniform(16, 12), kept), kept)


################################################################################
# What is measured


def dot(n: int) -> Measured:
    """Differentiate a dot product of n scalars, down to core operations."""
    f = dot_product(n)
    differentiate(dot_product(16))
    return measured(lambda: differentiate(f).H.X)


def mlp(depth: int) -> Measured:
    """Compile a model of so many dense layers to NumPy source, and load it."""
    model = deep_model(depth)
    compile_model(deep_model(2), layers.sgd(0.01), layers.mse)
    return measured(lambda: 1 + int(bool(compile_model(model, layers.sgd(0.01), layers.mse))))


def chain(depth: int) -> Measured:
    """Compose so many layers in a loop."""
    layer = deep_model(1)

    def composed() -> int:
        model = layer
        for _ in range(depth - 1):
            model = model >> layer
        return model.H.X

    return measured(composed)


def digits(_: int) -> Measured:
    """Unroll a step of learning to cells on single numbers, share them and remove the dead."""
    step = digits_step()

    def unrolled() -> int:
        scalars = unroll(to_kernels(step))
        netlist = lower(scalars, [("x", len(scalars.s))], [("y", len(scalars.t))])
        return len(remove_dead(share(netlist)))

    return measured(unrolled)


JOBS: dict[str, Callable[[int], Measured]] = {
    "dot": dot,
    "mlp": mlp,
    "chain": chain,
    "digits": digits,
}


def measured(run: Callable[[], int], times: int = 3) -> Measured:
    """Run something that says how many operations it gave."""
    seconds = []
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        operations = run()
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    return {"seconds": statistics.median(seconds), "operations": operations, "peak": peak}


################################################################################
# Side by side


def ours(job: str, size: int) -> Measured:
    """One figure, in a process of its own."""
    return answer(sys.executable, __file__, "--job", job, str(size))


def theirs(job: str, size: int) -> Measured:
    """One figure of 0.2.2."""
    script = Path(__file__).parent / "peer" / "catgrad_0_2_2.py"
    return answer(str(PEER / "bin" / "python"), str(script), job, str(size))


def answer(*command: str) -> Measured:
    """What a process prints, which is JSON."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    found: Measured = json.loads(done.stdout)
    return found


def make_peer() -> None:
    """An environment with catgrad 0.2.2 in it."""
    if not (PEER / "complete").exists():
        venv.create(PEER, with_pip=True, clear=True)
        python = str(PEER / "bin" / "python")
        packages = ["catgrad==0.2.2", "open-hypergraphs==0.1.3", "numpy<2"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (PEER / "complete").touch()


def row(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def verdict(holds: bool) -> str:
    return "yes" if holds else "NO"


def dot_products(beside: bool) -> None:
    """Differentiate dot products of more and more numbers."""
    print("\nDifferentiate a dot product, and forget reverse maps:\n")
    row("scalars", "operations", "seconds", "operations a second", "bytes an operation")
    row(*["---"] * 5)
    sizes = (2**14, 125_000, 1_250_000)
    found = [ours("dot", n) for n in sizes]
    for n, m in zip(sizes, found, strict=True):
        rate, size = m["operations"] / m["seconds"], m["peak"] / m["operations"]
        row(f"{n:,}", f"{m['operations']:,}", f"{m['seconds']:.3f}", f"{rate:,.0f}", f"{size:.0f}")
    small, million, large = found

    def each(m: Measured) -> float:
        return m["seconds"] / m["operations"]

    growth = each(large) / each(small)
    print()
    row("target", "found", "met")
    row(*["---"] * 3)
    rate = 1 / each(million)
    row("10^6 operations a second at 10^6", f"{rate:,.0f}", verdict(rate >= 1e6))
    row("time an operation grows < 3 times, 10^5 to 10^7", f"{growth:.2f}", verdict(growth < 3))
    most = max(m["peak"] / m["operations"] for m in (million, large))
    row("at most 200 bytes an operation", f"{most:.0f}", verdict(most <= 200))
    if beside:
        peer = theirs("dot", 2**14)
        ratio = peer["seconds"] / small["seconds"]
        text = f"{ratio:,.0f} ({peer['seconds']:.0f} s)"
        row("1,000 times faster than 0.2.2, 16,384 scalars", text, verdict(ratio >= 1000))


def models(beside: bool) -> None:
    """Compile deep models, and compose deeper ones."""
    print("\nDeep models:\n")
    row("target", "found", "met")
    row(*["---"] * 3)
    compiled = ours("mlp", 512)["seconds"]
    if beside:
        # A machine that others use is slow for seconds at a time, so both take turns.
        found, peers = [compiled], [theirs("mlp", 512)["seconds"]]
        for _ in range(2):
            found.append(ours("mlp", 512)["seconds"])
            peers.append(theirs("mlp", 512)["seconds"])
        compiled, peer = statistics.median(found), statistics.median(peers)
        text = f"{compiled:.2f} s, {peer / compiled:.0f} times ({peer:.0f} s)"
        row(
            "512 layers compiled 100 times faster than 0.2.2", text, verdict(peer >= 100 * compiled)
        )
    else:
        row("512 layers compiled", f"{compiled:.2f} s", "")
    short, long = ours("chain", 1000)["seconds"], ours("chain", 10_000)["seconds"]
    text = f"{short:.3f} s and {long:.3f} s"
    row("a loop of >>, 10^3 and 10^4 layers: linear", text, verdict(long < 20 * short))
    if beside:
        short, long = theirs("chain", 1000)["seconds"], theirs("chain", 4000)["seconds"]
        row("0.2.2: the same, 10^3 and 4 * 10^3 layers", f"{short:.2f} s and {long:.2f} s", "")
    step = ours("digits", 0)
    text = f"{step['seconds']:.2f} s, {step['operations']:,} cells"
    row("digits 64-32-10 unrolled, shared, pruned in 5 s", text, verdict(step["seconds"] < 5))


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the passes on large programs.")
    parser.add_argument("--alone", action="store_true", help="without catgrad 0.2.2")
    parser.add_argument("--job", nargs=2, metavar=("JOB", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        job, size = given.job
        print(json.dumps(JOBS[job](int(size))))
        return
    if not given.alone:
        make_peer()
    dot_products(beside=not given.alone)
    models(beside=not given.alone)


if __name__ == "__main__":
    main()
