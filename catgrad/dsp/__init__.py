"""Signal processing: filters, rates and oscillators as models with memory, and filters that learn.

Each takes a sample a tick and gives one. It is a model like any other: it composes, it has a
derivative, and it becomes a NumPy program, an integer program and a circuit.
"""

from catgrad.bidirectional.unrolled import unroll_time
from catgrad.dsp.adaptive import (
    Filter,
    decisions,
    delayed_lms,
    leaky_lms,
    lms,
    nlms,
    sign_lms,
)
from catgrad.dsp.averages import dc_blocker, moving_average
from catgrad.dsp.biquad import balanced, biquads
from catgrad.dsp.cic import cic_decimator, cic_interpolator, cic_widths
from catgrad.dsp.fir import fir
from catgrad.dsp.gain import agc
from catgrad.dsp.lines import SAMPLE, window
from catgrad.dsp.oscillator import mixer, nco
from catgrad.dsp.resample import resample
from catgrad.dsp.rounding import BiquadReport, FirReport, biquad_report, fir_report
from catgrad.dsp.signals import Run, run, run_integers
from catgrad.special.memory import delay, feedback

__all__ = [
    "SAMPLE",
    "BiquadReport",
    "Filter",
    "FirReport",
    "Run",
    "agc",
    "balanced",
    "biquad_report",
    "biquads",
    "cic_decimator",
    "cic_interpolator",
    "cic_widths",
    "dc_blocker",
    "decisions",
    "delay",
    "delayed_lms",
    "feedback",
    "fir",
    "fir_report",
    "leaky_lms",
    "lms",
    "mixer",
    "moving_average",
    "nco",
    "nlms",
    "resample",
    "run",
    "run_integers",
    "sign_lms",
    "unroll_time",
    "window",
]
