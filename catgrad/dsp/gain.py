"""Automatic gain control."""

from __future__ import annotations

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import Reach
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, require_numbers
from catgrad.dsp.lines import SAMPLE, exactly, require_format
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback


def agc(
    target: float,
    rate: float = 2**-8,
    most: float = 16.0,
    T: NdArrayType = SAMPLE,
    gain: Fixed | None = None,
) -> OpenHypergraph:
    """``T → T``, amplified so that the mean of its magnitude becomes `target`.

    ``y = g * x`` and ``g' = g + rate * (target - |y|)``, held between 0 and `most`; `g` is 1 at
    first (Whitlow, "Design and operation of automatic gain control loops for receivers", 1994).

    - `gain`: the format of `g` in fixed point, which has to reach up to `most` and to be as fine as
      ``rate`` times the data; None: what the formats say. Hardware of one that does not reach so
      far is refused

    Latency 0.
    """
    require_numbers("dsp.agc", target=target, rate=rate, most=most)
    require_format("gain", gain, signed=False)
    if not (target > 0 and rate > 0 and most > 0):
        raise CatgradError(
            f"A gain control has a target, a rate and a greatest gain above 0, not {target}, "
            f"{rate} and {most}; write agc(0.25, rate=2**-8, most=16)."
        )

    def body(g: Wire, x: Wire) -> tuple[Wire, Wire]:
        g = call(Reach(T, "gain", most, rate), g)
        y = g * x
        # The gain may be greater and finer than the data.
        wanted = exactly(g + rate * (target - call(B.Abs(T), y)))
        low, high = (x.draft.constant(T, limit) for limit in (0.0, most))
        held = exactly(call(B.Maximum(T), wanted, low))
        return exactly(call(B.Minimum(T), held, high)), y

    return block("agc", feedback(program(obj(T, T), body), 1.0, "gain", gain))
