"""Models with kernels of one's own: every evaluator, the same integers; and they learn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import kernels
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, compile_model, layers, obj, op
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.kernel import Kernel, greatest, kernel, tanh, where
from catgrad.circuit import verify
from catgrad.combinators import identity
from catgrad.core.simplify import simplify
from catgrad.hardware import Hardware
from catgrad.kernel import KernelError, evaluate, to_kernels
from catgrad.special.parameter import named_parameter
from catgrad.target.python import to_python_function
from catgrad.target.python.source import to_source
from sim import Samples, expected, random_samples, reference_trace, simulate
from tests.learners import fixed, kernels_agree

F = Dtype.float32


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, F)


@kernel
def correlation(x, h, y, *, t, k):
    y[t] += x[t + k] * h[k]


@kernel
def distances(x, z, d, *, i, j):
    d[i] += (x[j] - z[i, j]) ** 2


@kernel
def bend(x, slopes, y, *, i):
    y[i] = where(x[i] > 0, slopes[1] * x[i], slopes[0] * x[i])


@kernel
def pooled(x, h, y, *, i, k):
    y[i] = greatest(x[2 * i + k] * h[k])


@kernel
def gated(x, h, y, *, i):
    y[i] = tanh(x[i]) * h[i]


@kernel
def multiplied(x, h, y, *, i, k):
    y[i] *= x[i, k] + h[k]


@kernel
def upsampled(x, h, y, *, t, k):
    y[2 * t + k] += x[t] * h[k]


SMALL = [
    correlation(T(4), T(2)),
    distances(T(2), T(2, 2)),
    bend(T(3), T(2)),
    pooled(T(4), T(2)),
    gated(T(2), T(2)),
    multiplied(T(2, 2), T(2)),
    upsampled(T(2), T(3)),
]


def hardware(k: Kernel, formats: Formats) -> Hardware:
    """A learner that holds the kernel, behind a layer through which it sends its change back."""
    X, P = k.sources
    weighted = identity(obj(X)) @ named_parameter("h")(obj(P))
    model = layers.bias(X) >> weighted >> op(k)
    return compile_hardware(model, layers.sgd(2**-3), layers.mse, formats)


@pytest.mark.parametrize("k", SMALL, ids=lambda k: k.name)
@settings(max_examples=4, deadline=None)
@given(formats=st.builds(Formats, fixed(), fixed(), fixed()), seed=st.integers(0, 2**32 - 1))
def test_kernels_netlist_and_numpy(k, formats, seed) -> None:
    learner = hardware(k, formats)
    verify(learner.netlist)
    random = np.random.default_rng(seed)
    parameters = [
        random.integers(U.fixed.min, U.fixed.max + 1, U.shape) for U in learner.parameter_types
    ]
    samples = random_samples(learner.netlist, 8, seed)
    inputs = [
        *parameters,
        *learner.unflatten(samples.x[0], learner.x_types),
        *learner.unflatten(samples.y[0], learner.y_types),
    ]
    kernels_agree(learner, inputs)
    netlist = expected(learner.netlist, samples, learner.flatten(parameters).tolist())
    assert netlist.compare(reference_trace(learner, samples, parameters)) > 0


@kernel
def powers(x, h, y, *, i):
    y[0] *= x[i]
    y[1] *= x[i] * h[i]


def test_products_with_two_binary_points() -> None:
    with pytest.raises(KernelError) as error:
        hardware(powers(T(3), T(3)), Formats.uniform(8, 4))
    assert str(error.value) == (
        "Kernel 'powers' writes exact products to target 0 in the formats SQ(10,12) and "
        "SQ(22,24), whose binary points differ; write them to targets of their own."
    )


@pytest.mark.parametrize("evaluator", ["amaranth", "icarus"])
def test_a_simulated_kernel_learns_what_numpy_learns(evaluator, tmp_path) -> None:
    learner = hardware(upsampled(T(2), T(3)), Formats.uniform(12, 8))
    parameters = [np.full(U.shape, 100) for U in learner.parameter_types]
    samples = random_samples(learner.netlist, 6, 0)
    samples = Samples(samples.x, samples.y, np.ones(6, dtype=bool))
    trace = simulate(learner.component(parameters), samples, evaluator, directory=tmp_path)
    assert trace.compare(reference_trace(learner, samples, parameters)) > 0


@pytest.mark.parametrize("name", kernels.EXAMPLES)
def test_the_examples_find_their_parameters(name) -> None:
    example = kernels.EXAMPLES[name]
    assert np.abs(kernels.in_float(example) - example.parameters).max() < 1e-3
    assert np.abs(kernels.in_integers(example) - example.parameters).max() < 5e-3


def test_the_example_program_runs() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "examples/kernels.py"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [*kernels.EXAMPLES]
    assert done.stdout.count("integers from the hardware, all equal") == 3


def test_the_source_of_a_model_calls_the_kernel_by_name() -> None:
    X = T(4)
    model = (identity(obj(X)) @ named_parameter("taps")(obj(T(2)))) >> op(SMALL[0])
    program, _, _ = compile_model(model, layers.sgd(0.5), layers.mse)
    taps, x, y = np.array([1.0, 2.0]), np.arange(4.0), np.array([2.0, 4.0, 9.0])
    [learned] = program.step(taps.astype(np.float32), x.astype(np.float32), y.astype(np.float32))
    error = np.correlate(x, taps, "valid") - y
    assert learned.tolist() == (taps - 0.5 * np.correlate(x, error, "valid")).tolist()


def test_the_page_on_kernels_says_what_is_so(capsys) -> None:
    page = (Path(__file__).parents[1] / "docs" / "kernels.md").read_text()
    program, model, source = (part.split("```")[0] for part in page.split("```python\n")[1:])
    namespace: dict = {}
    exec(program, namespace)
    assert f"    {capsys.readouterr().out}" in page
    exec(model, namespace)
    assert namespace["P"] == namespace["H"]
    f = simplify(differentiate(namespace["filtered"]))
    assert source.strip() in to_source({"both": f})


@kernel
def multiplied(x, y, *, i, j):
    y[i] *= x[i, j]


@kernel
def added(x, y, *, i, j):
    y[i] += x[i, j]


@pytest.mark.parametrize(("made", "nothing"), [(multiplied, 1.0), (added, 0.0)])
def test_what_nothing_is_gathered_from(made: Kernel, nothing: float) -> None:
    """A product over an empty index is 1, as a sum is 0, in every evaluator."""
    f = forget(op(made(NdArrayType((3, 0), F))))
    x = np.zeros((3, 0), np.float32)
    assert to_python_function(f)(x)[0].tolist() == [nothing] * 3
    [y] = evaluate(to_kernels(f), [x])
    assert y.tolist() == [nothing] * 3
