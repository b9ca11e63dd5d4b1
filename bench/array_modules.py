"""The passes on arrays of every module at hand: the array module is a parameter.

    python bench/array_modules.py [scalars]

Differentiates and simplifies a dot product on NumPy's arrays, on PyTorch's tensors, on the CPU and
on a GPU, and on CuPy's arrays, where these are there, and says whether all give the same program.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Iterator
from typing import Any

import numpy
from compile_scale import dot_product

from catgrad.bidirectional.functor import differentiate
from catgrad.core.simplify import simplify
from catgrad.hypergraph import OpenHypergraph, layering


def modules() -> Iterator[tuple[str, Any]]:
    """The array modules that are installed, and where their arrays live."""
    yield "numpy", numpy
    if found := optional("array_api_compat.torch"):
        torch = importlib.import_module("torch")
        yield f"torch {torch.__version__}, CPU", found
        if torch.cuda.is_available():
            torch.set_default_device("cuda")
            yield f"torch {torch.__version__}, {torch.cuda.get_device_name()}", found
            torch.set_default_device("cpu")
    if found := optional("array_api_compat.cupy"):
        yield "cupy", found


def optional(name: str) -> Any:
    """A module, or None where it is not installed or finds no device."""
    try:
        found = importlib.import_module(name)
        found.asarray([0])
    except Exception:  # a GPU module without a GPU fails in ways of its own
        return None
    return found


def timed(run: Any) -> tuple[float, OpenHypergraph]:
    """The least seconds of three runs, the result on the CPU included, and the result."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = run()
        int(result.H.x.ids[-1])  # waits for the device
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the passes on arrays of every module.")
    parser.add_argument("scalars", type=int, nargs="?", default=2**17)
    f = dot_product(parser.parse_args().scalars)
    wanted = simplify(differentiate(f))
    print("| arrays | differentiate | operations a second | simplify | layering | equal |")
    print("|---|---|---|---|---|---|")
    for name, xp in modules():
        g = f.to(xp)
        differentiate(dot_product(16).to(xp))
        differentiating, derivative = timed(lambda g=g: differentiate(g))
        simplifying, result = timed(lambda f=derivative: simplify(f))
        start = time.perf_counter()
        layers = int(xp.max(layering(result))) + 1
        layered = time.perf_counter() - start
        print(
            f"| {name} | {differentiating:.4f} s | {derivative.H.X / differentiating:,.0f} "
            f"| {simplifying:.4f} s | {layered:.4f} s, {layers} layers "
            f"| {result.to(numpy) == wanted} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
