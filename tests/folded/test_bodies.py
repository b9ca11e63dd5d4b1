"""The bodies of phases, as pipelines that phases share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, NdArrayType, layers
from catgrad.circuit.evaluate import evaluate
from catgrad.circuit.lower import lower
from catgrad.circuit.netlist import Kind
from catgrad.combinators import identity
from catgrad.fixed.formats import Formats
from catgrad.folded.bodies import bodies
from catgrad.folded.fuse import fuse
from catgrad.folded.phase import Phase, Phases
from catgrad.hardware import compile_hardware
from catgrad.kernel import to_kernels


def phases(width: int, fraction: int, sizes: tuple[int, int, int], rate: float = 2**-3) -> Phases:
    """A step of two dense layers."""
    batch, first, second, third = (NdArrayType((n,), Dtype.float32) for n in (1, *sizes))
    hidden = layers.dense(batch, first, second, layers.relu)
    model = hidden >> layers.dense(batch, second, third, identity)
    formats = Formats.uniform(width, fraction)
    hardware = compile_hardware(model, layers.sgd(rate), layers.mse, formats)
    return fuse(to_kernels(hardware.program), state=4, x=1, y=1)


def check(phase: Phase, outputs: dict[str, list[int]], inputs: dict[str, np.ndarray]) -> None:
    """The outputs are what the body says."""
    ports = [("total", int(phase.total is not None)), ("operands", len(phase.operands))]
    body = lower(phase.body, ports, [("outputs", len(phase.body.target))])
    expected = evaluate(body, inputs)["outputs"]
    shown = {
        "stores": [store.output for store in phase.stores],
        "forward": [event.output for event in phase.events if not event.learning],
        "learning": [event.output for event in phase.events if event.learning],
    }
    assert outputs == {name: expected[:, at].tolist() for name, at in shown.items()}


@settings(max_examples=4)
@given(
    st.integers(6, 16),
    st.integers(2, 6),
    st.sampled_from([3000, 8000, 30000]),
    st.sampled_from([2**-3, 0.1, 0.875]),
    st.data(),
)
def test_each_phase_has_a_pipeline_that_computes_its_body(
    width: int, fraction: int, period_ps: int, rate: float, data: st.DataObject
) -> None:
    program = phases(width, fraction, (3, 2, 2), rate)
    pipelines, which = bodies(program, period_ps)
    for pipeline in pipelines:  # products with constants are shifts and adds
        assert Kind.MUL not in pipeline.netlist.kind
    assert sorted(set(which)) == list(range(len(pipelines)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for phase, number in zip(program.phases, which, strict=True):
        types = [phase.total] if phase.total else []
        types += [program.arrays[place.array].format for place in phase.operands]
        columns = [
            rng.integers(-(1 << (T.width - 1)) if T.signed else 0, 1 << (T.width - T.signed), 50)
            for T in types
        ]
        table = np.stack(columns, axis=1)
        split = int(phase.total is not None)
        inputs = {"total": table[:, :split], "operands": table[:, split:]}
        netlist = pipelines[number].verify().netlist
        found = evaluate(netlist, inputs)
        check(phase, {name: values.tolist() for name, values in found.items()}, inputs)


def test_updates_of_all_layers_share_a_pipeline() -> None:
    pipelines, which = bodies(phases(16, 12, (8, 4, 2)), 12_000)
    assert len(which) == 5
    assert which[3] == which[4]
    assert len(pipelines) == 4


@pytest.mark.parametrize("period_ps", [4_000, 50_000])
def test_the_ports_are_those_of_a_machine(period_ps: int) -> None:
    for pipeline in bodies(phases(16, 12, (8, 4, 2)), period_ps)[0]:
        assert [port.name for port in pipeline.netlist.inputs] == ["total", "operands"]
        assert [p.name for p in pipeline.netlist.outputs] == ["stores", "forward", "learning"]
        assert pipeline.period_ps <= max(period_ps, 4_800)
