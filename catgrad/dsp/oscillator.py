"""Oscillators: a phase that turns, and the mixers that it drives."""

from __future__ import annotations

import math

from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import CosPi, SinPi, Wrap, Written
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, require_numbers
from catgrad.dsp.lines import SAMPLE, require_format
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback

PHASE = Fixed(24, 23)
"""A phase in half turns, from -1 to 1: steps of a 16,777,216th of a turn."""


def nco(carrier: float = 0.0, T: NdArrayType = SAMPLE, phase: Fixed = PHASE) -> OpenHypergraph:
    """``T → T ● T``: cosine and sine of a phase that each tick turns on by `carrier` and the input.

    Both are in half turns a sample: 1 is half the sampling rate. The first output is that of phase
    0. The phase is a number of format `phase`, from -1 to 1, that wraps, so it is exact for ever,
    and `carrier` is rounded to the same steps; the input has those of the data. Cosine and sine are
    tables of the leading bits (``Formats(table_bits=...)``), which leave spurious tones about 6 dB
    a bit below (Tierney, Rader and Gold, "A digital frequency synthesizer", IEEE Transactions on
    Audio and Electroacoustics 19, 1971).
    """
    require_numbers("dsp.nco", carrier=carrier)
    _require_turn(phase)

    def body(angle: Wire, deviation: Wire) -> tuple[Wire, Wire, Wire]:
        after = _turned(angle + _frequency(angle, carrier, phase) + deviation, phase)
        return after, call(CosPi(T), angle), call(SinPi(T), angle)

    return block("nco", feedback(program(obj(T, T), body), 0.0, "phase", phase))


def mixer(frequency: float, T: NdArrayType = SAMPLE, phase: Fixed = PHASE) -> OpenHypergraph:
    """``T → T ● T``: a signal shifted down by `frequency`, its real and its imaginary part.

    ``i + j q = x exp(-j pi n frequency)`` with the phase of `nco`.
    """
    require_numbers("dsp.mixer", frequency=frequency)
    _require_turn(phase)

    def body(angle: Wire, x: Wire) -> tuple[Wire, Wire, Wire]:
        after = _turned(angle + _frequency(angle, frequency, phase), phase)
        return after, x * call(CosPi(T), angle), -(x * call(SinPi(T), angle))

    return block("mixer", feedback(program(obj(T, T), body), 0.0, "phase", phase))


def _turned(angle: Wire, phase: Fixed) -> Wire:
    return call(Wrap(angle.T, phase), angle)


def _frequency(beside: Wire, frequency: float, phase: Fixed) -> Wire:
    """A frequency in the steps of a phase, in the program of another wire."""
    mantissa = math.floor(math.remainder(frequency, 2) / phase.step + 0.5)
    if mantissa > phase.max:  # Half a turn forward is half a turn back.
        mantissa -= 1 << phase.width
    [wire] = beside.draft.apply(Written(beside.T, phase, mantissa))
    return wire


def _require_turn(phase: Fixed) -> None:
    """Refuse a format whose range is not one turn."""
    require_format("phase", phase)
    if phase.fraction != phase.width - 1:
        raise CatgradError(
            f"A phase goes from -1 to 1 in half turns, but {phase} does not; give "
            f"Fixed({phase.width}, {phase.width - 1})."
        )
