"""Which fixed-point format each wire of a program has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catgrad.bidirectional.functor import Dual
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.fixed.numbers import format_for, typed
from catgrad.fixed.ranges import Calibration, measure, memory_wires
from catgrad.hypergraph import Labels
from catgrad.learner import Learner

WIDEST = 63
"""Bits of the widest format that a program can be quantised with."""


@dataclass(frozen=True)
class Formats:
    """The formats, rounding and tables with which a program is quantised.

    - `data`: inputs and activations; `weights`: parameters; `gradients`: all that flows in reverse.
    - `targets`: the `y` that a learner is given; `data` unless said otherwise.
    - `memory`: what a model keeps from sample to sample; `data` unless said otherwise.
    - `rounding`, `overflow`: of each `Requantise`.
    - `table_bits`: a non-linear function is a table of ``2**table_bits`` entries.
    - `wires`: formats that single wires have instead, by number (see `profile`). Wires that hand on
      the numbers of others, and sums that are only added to, follow from those.
    - `profiled`: the types of the wires of the learner that these formats were profiled on.
    - `rates`: what a rule is given at each step; unless said otherwise as wide as `weights`, and
      from -1 to 1.
    """

    data: Fixed
    weights: Fixed
    gradients: Fixed
    targets: Fixed | None = None
    rounding: Rounding = Rounding.HALF_UP
    overflow: Overflow = Overflow.SATURATE
    table_bits: int = 8
    wires: tuple[tuple[int, Dual], ...] = ()
    profiled: Labels | None = None
    rates: Fixed | None = None
    memory: Fixed | None = None

    def __post_init__(self) -> None:
        for name in ("data", "weights", "gradients", "targets", "rates", "memory"):
            form = getattr(self, name)
            if form is not None and not isinstance(form, Fixed):
                raise CatgradError(
                    f"Formats needs a Fixed for {name}, not {form!r}; write Fixed(16, 12)."
                )
            if form is not None and not form.signed:
                raise CatgradError(
                    f"Formats needs a signed format for {name}, not {form}; "
                    f"use {typed(Fixed(form.width + 1, form.fraction))}, which holds as much."
                )
            if form is not None and form.width > WIDEST:
                raise CatgradError(
                    f"Formats needs at most {WIDEST} bits for {name}, not {form.width}, since "
                    f"NumPy computes with 64; use Fixed({WIDEST}, "
                    f"{min(form.fraction, WIDEST - 1)}) or fewer."
                )
        if not 2 <= self.table_bits <= 14:
            raise CatgradError(
                f"A table of 2**{self.table_bits} entries is out of reach; "
                f"give table_bits from 2 to 14."
            )

    @classmethod
    def uniform(
        cls,
        width: int,
        fraction: int,
        *,
        weights: Fixed | None = None,
        gradients: Fixed | None = None,
        targets: Fixed | None = None,
        rates: Fixed | None = None,
        memory: Fixed | None = None,
        rounding: Rounding = Rounding.HALF_UP,
        overflow: Overflow = Overflow.SATURATE,
        table_bits: int = 8,
    ) -> Formats:
        """One signed format of `width` bits, `fraction` of them after the point, for every wire.

        Single roles may differ: wider weights are what slow learning rates need (at least
        ``k + 3`` fraction bits for a rate of ``2**-k``).
        """
        form = Fixed(width, fraction)
        return cls(
            form,
            weights or form,
            gradients or form,
            targets,
            rounding,
            overflow,
            table_bits,
            rates=rates,
            memory=memory,
        )

    @property
    def given(self) -> Fixed:
        """The format of what a rule is given at each step."""
        return self.rates or Fixed(self.weights.width, self.weights.width - 1)

    def finest(self) -> int:
        """The most fraction bits that a wire which is computed has.

        A wire of tiny numbers, the `epsilon` of Adam say, counts with twice its width: it may not
        take the bits from all that is computed on the way elsewhere.
        """
        wires = (form for _, dual in self.wires for form in (dual.forward, dual.reverse))
        roles = [self.data, self.weights, self.gradients, self.targets or self.data]
        roles.append(self.memory or self.data)
        return max(min(form.fraction, 2 * form.width) for form in (*roles, *wires))

    def with_wires(self, wires: dict[int, Dual]) -> Formats:
        """The same, but for some wires."""
        return replace(self, wires=tuple(sorted(wires.items())))

    @classmethod
    def profile(
        cls,
        learner: Learner,
        samples: Calibration,
        *,
        width: int = 16,
        weight_width: int | None = None,
        headroom: int = 1,
        rounding: Rounding = Rounding.HALF_UP,
        table_bits: int = 8,
    ) -> Formats:
        """A format for each wire, from the ranges that a float run over `samples` shows.

        Every wire is `width` bits wide (parameters `weight_width`), its binary point as far left
        as the range allows less `headroom` bits. Accumulators are exact whatever the formats.
        """
        if not isinstance(learner, Learner):
            raise CatgradError(
                f"Formats.profile runs a Learner, not {type(learner).__name__}; make one by "
                f"learner(model, rule, loss), from catgrad.learner."
            )
        learner = learner.expanded()
        ranges = measure(learner, samples)
        inputs = learner.whole.s.table.tolist()
        weights = inputs[: learner.kept]
        wires = {}
        for read, written in memory_wires(learner):
            lo = min(ranges[node][0][0] for node in (read, written))
            hi = max(ranges[node][0][1] for node in (read, written))
            for node in (read, written):
                ranges[node] = (lo, hi), ranges[node][1]
        for node, (forward, reverse) in enumerate(ranges):
            bits = (weight_width or width) if node in weights else width
            wires[node] = Dual(
                format_for(*forward, bits, headroom), format_for(*reverse, width, headroom)
            )
        default = Fixed(width, width - 1 - headroom)
        uniform = cls(default, default, default, None, rounding, table_bits=table_bits)
        return replace(uniform.with_wires(wires), profiled=learner.whole.H.w)
