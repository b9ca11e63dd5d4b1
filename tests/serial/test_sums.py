"""The sums of products found in a netlist give what the netlist gives; what is none is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, Formats, NdArrayType, Serial, compile_hardware, dsp, layers
from catgrad.bidirectional.wires import program
from catgrad.circuit import Format, NetlistBuilder
from catgrad.core.types import obj
from catgrad.serial import Sums, alike, sums_of
from catgrad.serial.sums import Memory
from sim import Samples, expected, random_samples
from tests.serial.netlists import netlist_of, sums

FORMATS = Formats.uniform(12, 8)


def run(sums: Sums, samples: Samples, parameters: list[int]) -> tuple[list[list[int]], list[int]]:
    """The predictions for samples, and the saturations after each."""
    memory, total = Memory(sums), 0
    predictions, saturations = [], []
    for x in samples.x.tolist():
        prediction, more = memory.tick(x, parameters)
        total += more
        predictions.append(prediction)
        saturations.append(total)
    return predictions, saturations


@settings(max_examples=60)
@given(sums=sums(), seed=st.integers(0, 2**32 - 1), bits=st.integers(1, 20))
def test_sums_and_netlist(sums: Sums, seed: int, bits: int) -> None:
    netlist = netlist_of(sums)
    found = sums_of(netlist)
    samples = random_samples(netlist, 8, seed)
    random = np.random.default_rng(seed)
    parameters = [
        int(random.integers(format.min, format.max, endpoint=True)) for format in sums.parameters
    ]
    trace = expected(netlist, samples, parameters)
    wanted = trace.predictions.tolist(), trace.forward_saturations[:, 0].tolist()
    for same in (sums, found, alike(found, bits)):
        assert run(same, samples, parameters) == wanted


@given(sums=sums())
def test_coefficients_stay_within_their_bits_and_totals_hold_every_sum(sums: Sums) -> None:
    after = alike(sums, 11)
    for before, s in zip(sums.sums, after.sums, strict=True):
        narrow = all(abs(term.coefficient) < 1 << 10 for term in s.terms)
        assert narrow or s.terms == before.terms
        lo, hi = after.range(s)
        assert after.total.min <= lo <= hi <= after.total.max


def test_a_cascade_is_rounded_in_one_way() -> None:
    sos = dsp.balanced([[1, 2, 1, 1, -1.2, 0.5], [1, 2, 1, 1, -1.4, 0.75]])
    hardware = dsp.Filter(dsp.biquads(sos, bits=14)).hardware(Formats.uniform(16, 14), Serial())
    assert len(hardware.serial.posts) == len(hardware.serial.constants) == 1


ONE = NdArrayType((1,), Dtype.float32)
INSTEAD = "use Folded(lanes=1), which has other operations too, or Spatial()."
UNSUITED = {
    "a choice": layers.relu(obj(ONE)),
    "two numbers": program(obj(ONE), lambda x: x * x),
    "a bias": layers.bias(ONE, ONE),
    "a memory of ones": dsp.feedback(
        program(obj(ONE, ONE), lambda m, x: (x, m + x)), 1.0, "before"
    ),
}
REFUSALS = {
    "a choice": "A serial machine rounds sums of products, and cell 3 of the netlist (mux) is "
    f"none; {INSTEAD}",
    "two numbers": "A serial machine multiplies a number by a constant or by a parameter, and cell "
    f"1 of the netlist multiplies two numbers; {INSTEAD}",
    "a bias": "A serial machine multiplies each parameter by a number, and parameter 0 is added as "
    f"it is; {INSTEAD}",
    "a memory of ones": "A serial machine begins with a memory of zeros, but memory before has the "
    "number 256 at first; let it begin with 0, or use Folded(lanes=1).",
}


@pytest.mark.parametrize("name", UNSUITED)
def test_what_is_no_sum_of_products_is_refused(name: str) -> None:
    with pytest.raises(CatgradError) as error:
        compile_hardware(UNSUITED[name], layers.sgd(0), layers.mse, FORMATS, Serial())
    assert str(error.value) == REFUSALS[name]


GAINS = {
    (3, 3): "parameter 0 is multiplied by 3 and parameter 1 by 3",
    (3, 4): "parameter 1 is multiplied by 4 and parameter 0 by 3",
    (6, 4): "parameter 1 is multiplied by 4 and parameter 0 by 6",
    (3, 12): "parameter 0 is multiplied by 3 and parameter 1 by 12",
}


@pytest.mark.parametrize("gains", GAINS)
@pytest.mark.parametrize("apart", [False, True], ids=["in one sum", "in two"])
def test_parameters_with_a_gain_are_refused(gains: tuple[int, int], apart: bool) -> None:
    format = Format(4, True)
    b = NetlistBuilder()
    taps, x = b.input("parameters", [format] * 2), b.input("x", [format])[0]
    products = [b.mul(b.mul(tap, x), b.const(gain)) for tap, gain in zip(taps, gains, strict=True)]
    totals = products if apart else [b.add(*products)]
    # With a constant, a shift does not go into the gains.
    predictions = [b.wrap(b.shr(b.add(total, b.const(1)), 2), format) for total in totals]
    b.output("prediction", [int(net) for net in predictions], [format] * len(predictions))
    with pytest.raises(CatgradError) as error:
        alike(sums_of(b.build()), 16)
    assert str(error.value) == (
        f"A serial machine stores its parameters times one power of two, but {GAINS[gains]}; give "
        f"all filters one format of data and one of weights, and no gain."
    )


def test_unequal_gains_in_one_sum_are_refused() -> None:
    b = NetlistBuilder()
    taps, x = b.input("parameters", [Format(4, True)] * 3), b.input("x", [Format(4, True)])[0]
    single, double, quadruple = (b.shl(b.mul(tap, x), k) for k, tap in enumerate(taps))
    totals = [single, b.add(double, b.add(quadruple, b.const(1)))]
    predictions = [int(b.wrap(total, Format(4, True))) for total in totals]
    b.output("prediction", predictions, [Format(4, True)] * 2)
    with pytest.raises(CatgradError) as error:
        alike(sums_of(b.build()), 16)
    assert str(error.value) == (
        "A serial machine stores its parameters times one power of two, but parameter 1 is "
        "multiplied by 2 and parameter 2 by 4; give all filters one format of data and one of "
        "weights, and no gain."
    )


def test_a_count_as_deep_as_it_is_long() -> None:
    """Deeper than functions may call themselves."""
    b = NetlistBuilder()
    [x] = b.input("x", [Format(12, True)])
    number, count = Format(4, True), b.const(0)
    for k in range(1_100):
        fits = b.fits(b.mul(x, b.const(3 + k)), number)
        count = b.add(count, b.sub(b.const(1), fits))
    b.output("prediction", [x])
    b.output("forward_saturations", [int(count)])
    found = sums_of(b.build())
    assert [s.post.counted for s in found.sums].count(True) == 1_100


def test_a_number_that_counts_twice_is_refused() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(4, True)])
    overflow = b.gt(b.const(1), b.fits(x, Format(3, True)))
    b.output("prediction", b.saturate(x, Format(3, True)))
    b.output("forward_saturations", b.add(overflow, overflow))
    with pytest.raises(CatgradError) as error:
        sums_of(b.build())
    assert str(error.value) == (
        f"A serial machine counts each number that saturates once, and this model counts some "
        f"twice; {INSTEAD}"
    )


def test_long_sums_need_no_deep_stack() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(4, True)])
    total = x
    for k in range(2000):
        total = b.wrap(total, Format(20, True)) if k == 1000 else b.add(total, x)
    b.output("prediction", total)
    first, second = sums_of(b.build()).sums
    assert [term.coefficient for term in (*first.terms, *second.terms)] == [1001, 999, 1]


def test_only_serial_hardware_has_a_program() -> None:
    hardware = dsp.Filter(dsp.fir([0.5, 0.5])).hardware(FORMATS)
    with pytest.raises(CatgradError) as error:
        _ = hardware.serial
    assert str(error.value) == (
        f"Hardware with the schedule {hardware.schedule} is no serial machine and has no program "
        f"of one; compile it with Serial()."
    )


def test_a_family_without_such_blocks_is_refused() -> None:
    with pytest.raises(CatgradError) as error:
        Serial(family="ecp5")
    assert str(error.value) == (
        "No multiplier block of the family 'ecp5' accumulates; name one of ice40, or none."
    )
