"""The border from S to circuits: operations on single numbers become cells, wires become nets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format, IntArray
from catgrad.circuit.netlist import Netlist
from catgrad.core import exact
from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType, Operation
from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.kernel.batches import batches

Ports = Sequence[tuple[str, int]]
"""The ports on one side of a netlist: the name of each, and how many wires it groups."""


def lower(f: OpenHypergraph, inputs: Ports, outputs: Ports) -> Netlist:
    """A program of S on fixed-point numbers as a netlist.

    `inputs` groups the inputs of the program into ports, `outputs` its outputs. A port has the
    formats of its wires, and shows their fractions.

    The cells of a whole batch of operations are added at once, so the Python time grows with the
    depth of the program and with how many different operations it has, not with their number.

    Raises ``CatgradError`` when the ports do not group the wires exactly, or at a number that is
    not fixed-point.
    """
    b = NetlistBuilder()
    nets = np.full(f.H.W, -1, dtype=np.int64)
    for name, wires in grouped("input", f.s, inputs):
        dtypes = [fixed(T, f"input port '{name}'") for T in f.H.w.take(wires)]
        nets[wires] = b.input(name, formats(dtypes), fractions(dtypes))
    for operation, reads, writes in batches(f):
        for T in (*operation.source(), *operation.target()):
            fixed(T, type(operation).__name__)
        nets[writes] = cells(b, operation, nets[reads])
    for name, wires in grouped("output", f.t, outputs):
        dtypes = [fixed(T, f"output port '{name}'") for T in f.H.w.take(wires)]
        b.output(name, nets[wires], formats(dtypes), fractions(dtypes))
    return b.build()


def grouped(side: str, wires: FiniteFunction, ports: Ports) -> Iterator[tuple[str, IntArray]]:
    """Each port with its wires."""
    sizes = [size for _, size in ports]
    if sum(sizes) != len(wires):
        raise CatgradError(
            f"The {side} ports group {sum(sizes)} wires, but the program has {len(wires)} {side}s; "
            f"let the sizes of the ports add up to that."
        )
    parts = np.split(wires.table, np.cumsum(sizes)[:-1])
    return zip((name for name, _ in ports), parts, strict=False)


def fixed(T: NdArrayType, place: str) -> Fixed:
    """The format of a number that a circuit can carry."""
    if not isinstance(T.dtype, Fixed):
        raise CatgradError(
            f"Cannot make a circuit of {T} in {place}; quantise the program first, a circuit "
            f"carries fixed-point numbers."
        )
    return T.dtype


def formats(dtypes: Sequence[Fixed]) -> list[Format]:
    return [Format(dtype.width, dtype.signed) for dtype in dtypes]


def fractions(dtypes: Sequence[Fixed]) -> list[int]:
    return [dtype.fraction for dtype in dtypes]


def cells(b: NetlistBuilder, operation: Operation, nets: IntArray) -> IntArray:
    """Add the cells of n operations that are all the same.

    `nets`: int64[arity, n], the operands. Returns the nets of the results, one for each operation,
    or a single one for all.
    """
    match operation:
        case ops.Constant(_, x):
            return b.const(x)
        case ops.Add():
            return b.add(*aligned(b, operation, *nets))
        case ops.Subtract():
            return b.sub(*aligned(b, operation, *nets))
        case ops.Gt():
            return b.gt(*aligned(b, operation, *nets))
        case ops.Multiply():
            return b.mul(*nets)
        case ops.Ge():
            return negated(b, b.gt(*reversed(aligned(b, operation, *nets))))
        case ops.Lt():
            return b.gt(*reversed(aligned(b, operation, *nets)))
        case ops.Le():
            return negated(b, b.gt(*aligned(b, operation, *nets)))
        case ops.Eq():
            return negated(b, differ(b, *aligned(b, operation, *nets)))
        case ops.Ne():
            return differ(b, *aligned(b, operation, *nets))
        case ops.Maximum(T, U) if T == U:
            return b.mux(b.gt(*nets), *nets)
        case ops.Maximum():
            pair = aligned(b, operation, *nets)
            return narrowed(b, operation, b.mux(b.gt(*pair), *pair))
        case ops.Minimum():
            pair = aligned(b, operation, *nets)
            return narrowed(b, operation, b.mux(b.gt(*reversed(pair)), *pair))
        case ops.Select():
            bit, *numbers = nets
            return b.mux(bit, *aligned(b, operation, *numbers))
        case ops.Abs():
            [x] = nets
            negative = b.gt(b.const(0), x)
            return narrowed(b, operation, b.mux(negative, b.sub(b.const(0), x), x))
        case ops.Sign():
            [x] = nets
            return b.sub(b.gt(x, b.const(0)), b.gt(b.const(0), x))
        case ops.Mask():
            number, bit = nets
            return b.mux(bit, number, b.const(0))
        case ops.Negate():
            return b.sub(b.const(0), *nets)
        case ops.Requantise(T, dtype, rounding, overflow):
            fit = b.saturate if overflow is ops.Overflow.SATURATE else b.wrap
            return fit(rounded(b, T.fixed, dtype, rounding, *nets), *formats([dtype]))
        case ops.InRange(T, dtype, rounding):
            return b.fits(rounded(b, T.fixed, dtype, rounding, *nets), *formats([dtype]))
        case ops.Lookup(_, _, entries):
            [index] = nets
            return b.lookup(index, entries)
    name = type(operation).__name__
    raise CatgradError(
        f"There are no cells for {name}; unroll the program to single numbers first."
    )


def narrowed(b: NetlistBuilder, operation: Operation, nets: IntArray) -> IntArray:
    """A choice in the format of the result, which may be narrower than what is chosen from."""
    [T] = operation.target()
    return b.wrap(nets, *formats([fixed(T, type(operation).__name__)]))


def negated(b: NetlistBuilder, bit: IntArray) -> IntArray:
    """1 where the bit is 0."""
    return b.mux(bit, b.const(0), b.const(1))


def differ(b: NetlistBuilder, x: IntArray, y: IntArray) -> IntArray:
    """1 where two numbers are not equal."""
    return b.mux(b.gt(x, y), b.const(1), b.gt(y, x))


def aligned(
    b: NetlistBuilder, operation: ops.Elementwise, x: IntArray, y: IntArray
) -> tuple[IntArray, IntArray]:
    """Two operands with one binary point."""
    _, i, j = exact.aligned(operation.T.fixed, operation.second.fixed)
    return shifted(b, x, i), shifted(b, y, j)


def shifted(b: NetlistBuilder, x: IntArray, amount: int) -> IntArray:
    return b.shl(x, amount) if amount else x


def rounded(
    b: NetlistBuilder, source: Fixed, target: Fixed, rounding: ops.Rounding, x: IntArray
) -> IntArray:
    """Numbers in the units of another format; equal cells wherever this is asked for again."""
    shift = source.fraction - target.fraction
    if shift <= 0:
        return shifted(b, x, -shift)
    half = 1 << (shift - 1)
    match rounding:
        case ops.Rounding.TRUNCATE:
            return b.shr(x, shift)
        case ops.Rounding.HALF_UP:
            return b.shr(b.add(x, b.const(half)), shift)
        case ops.Rounding.HALF_EVEN:
            odd = b.wrap(b.shr(x, shift), Format(1, False))
            return b.shr(b.add(b.add(x, b.const(half - 1)), odd), shift)
