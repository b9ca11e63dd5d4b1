"""Delay lines: the samples of the past, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.arrays import constant_array
from catgrad.bidirectional.fixed_form import unrounded
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op, require_types
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback
from catgrad.special.parameter import Parameter

Numbers = ArrayLike | None
"""Coefficients as designed; None for those that are to be learned."""

SAMPLE = NdArrayType((), Dtype.float32)
"""One number a tick: what a signal is unless said otherwise."""


def along(T: NdArrayType, n: int) -> NdArrayType:
    """`n` numbers for each number of `T`, along a new last axis."""
    require_types("A filter", T=T)
    return NdArrayType((*T.shape, n), T.dtype)


def window(
    n: int, T: NdArrayType = SAMPLE, block: int | None = None, name: str = "line"
) -> OpenHypergraph:
    """``T → T+n``, the last `n` samples, the newest first; before the first one there are zeros.

    With `block` each tick brings so many samples, in the order of time: ``T+block → T+n``.
    """
    r = 1 if block is None else block
    n = require_count("A window", "samples", n, r)
    entering = along(T, r)
    if block is None:
        last = op(B.Reshape(T, entering))
    else:
        last = program(obj(entering), lambda x: joined(apart(x)[::-1]))
    if n == r:
        return last
    line = along(T, n - r)

    def body(past: Wire, x: Wire) -> tuple[Wire, Wire]:
        seen = joined([call(last, x), past])
        return part(seen, 0, n - r), seen

    return feedback(program(obj(line, *last.source), body), 0.0, name)


def apart(x: Wire) -> list[Wire]:
    """Each place along the last axis, of extent 1 there."""
    return [part(x, i, i + 1) for i in range(x.T.shape[-1])]


def part(x: Wire, start: int, stop: int, step: int = 1) -> Wire:
    """``x[..., start:stop:step]``; all of it is the wire itself."""
    if (start, step) == (0, 1) and stop == x.T.shape[-1]:
        return x
    return call(B.Slice.along(x.T, -1, start, stop, step), x)


def number(x: Wire, i: int) -> Wire:
    """``x[..., i]``."""
    one = part(x, i, i + 1)
    return call(B.Reshape(one.T, NdArrayType(one.T.shape[:-1], one.T.dtype)), one)


def joined(parts: Sequence[Wire]) -> Wire:
    """Arrays one after the other along the last axis."""
    wires = list(parts)
    if len(wires) == 1:
        return wires[0]
    return call(B.Concatenate(tuple(x.T for x in wires), len(wires[0].T.shape) - 1), *wires)


def stacked(numbers: Sequence[Wire]) -> Wire:
    """Arrays side by side along a new last axis."""
    return joined([call(B.Reshape(x.T, along(x.T, 1)), x) for x in numbers])


def exactly(x: Wire) -> Wire:
    """What was computed just now, without rounding."""
    return call(unrounded(obj(x.T)), x)


def coefficients(beside: Wire, T: NdArrayType, numbers: Numbers, name: str) -> Wire:
    """Given numbers as an array of type `T`, in the program of another wire; or a parameter."""
    f = op(Parameter(T, name)) if numbers is None else constant_array(T, as_designed(numbers))
    [wire] = beside.draft.append(f, [])
    return wire


def as_designed(numbers: ArrayLike) -> tuple[float, ...]:
    """Designed numbers row by row; CatgradError if one is not real and finite."""
    array = as_reals(numbers).reshape(-1)
    if not array.size or not np.isfinite(array).all():
        raise CatgradError(
            f"A filter needs finite coefficients, at least one, not {numbers!r}; give an array, "
            f"such as scipy.signal.firwin(16, 0.5)."
        )
    return tuple(array.tolist())


def as_reals(numbers: ArrayLike) -> NDArray[np.float64]:
    """An array of real numbers; CatgradError at anything else."""
    try:
        array = np.asarray(numbers)
        reals = array if np.iscomplexobj(array) else array.astype(np.float64)
    except (ValueError, TypeError):
        raise CatgradError(
            f"Coefficients are an array of numbers, which this {type(numbers).__name__} is not; "
            f"design a filter by taps, as scipy.signal.firwin(16, 0.5), or by sections, with "
            f"output='sos'."
        ) from None
    if np.iscomplexobj(reals):
        raise CatgradError(
            f"A filter has real coefficients, but these have imaginary parts up to "
            f"{np.abs(reals.imag).max(initial=0):g}; make a filter of the real parts, and one of "
            f"the imaginary parts."
        )
    return cast(NDArray[np.float64], reals)


def rounded(numbers: ArrayLike, bits: int | None) -> NDArray[np.float64]:
    """Designed numbers with at most so many bits after the binary point, halves upward."""
    array = np.asarray(numbers, dtype=np.float64)
    return array if bits is None else np.floor(np.ldexp(array, bits) + 0.5) / 2.0**bits


def require_count(what: str, of: str, n: int | np.integer[Any], least: int = 1) -> int:
    """`n`, or refuse what is no whole number of at least so many."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < least:
        raise CatgradError(
            f"{what} needs a whole number of {of}, at least {least}, not {n!r}; give so many."
        )
    return int(n)


def require_formats(bits: int | None, data: Fixed | None, accumulator: Fixed | None) -> None:
    """Refuse what is no number of bits, and no signed format."""
    if bits is not None:
        require_count("A coefficient", "bits after the binary point", bits, 0)
    require_format("data", data)
    require_format("accumulator", accumulator)


def require_format(name: str, form: Fixed | None, signed: bool = True) -> None:
    """Refuse what is no format; None is left to others."""
    if form is not None and not (isinstance(form, Fixed) and (form.signed or not signed)):
        raise CatgradError(
            f"A filter needs a {'signed ' if signed else ''}format for {name}, not {form!r}; give "
            f"one such as Fixed(16, 15)."
        )


def require_effect(what: str, **options: object) -> None:
    """Refuse each option that is given: to this filter it would make no difference."""
    for name, given in options.items():
        if given is not None:
            raise CatgradError(
                f"{what} is the same whatever {name} is, here {given!r}; leave {name} out."
            )
