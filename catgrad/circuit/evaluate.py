"""Evaluation: what a netlist computes, exactly, for a batch of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import (
    INT64_BITS,
    BoolArray,
    IntArray,
    Integers,
    integers,
    limits,
    wrap,
)
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.ranges import Tables
from catgrad.circuit.verify import verify
from catgrad.errors import CatgradError

_VALUES_AT_ONCE = 1 << 24
"""A batch is cut into parts that need about 128 MB each."""


def evaluate(netlist: Netlist, inputs: Mapping[str, ArrayLike]) -> dict[str, Integers]:
    """The outputs of a netlist for a batch of inputs.

    `inputs` has an integer array [batch, m] for each input port of m elements, and the result has
    one for each output port: int64 if all formats of the port have at most 63 bits, else Python
    integers (dtype object). A netlist without input ports has a batch of one.

    To evaluate one netlist many times, keep an `Evaluator`.
    """
    return Evaluator(netlist)(inputs)


class Evaluator:
    """A netlist made ready: `Evaluator(netlist)(inputs)` is `evaluate(netlist, inputs)`.

    All cells of one level and kind are evaluated by one NumPy expression, on int64 if their nets
    have at most 63 bits, else on Python integers. The netlist is verified first, which is why no
    int64 can overflow.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = verify(netlist)
        self._wide = netlist.width > INT64_BITS
        exact = self._wide | np.any(self._wide[netlist.args] & (netlist.args >= 0), axis=1)
        exact |= (netlist.kind == Kind.FITS) & (netlist.value >> 1 > INT64_BITS).astype(np.bool_)
        tables = Tables(netlist.tables)
        self._steps = [
            _step(netlist, kind, part, exact=part is wide, tables=tables)
            for kind, cells in netlist.groups
            if kind is not Kind.INPUT
            for narrow, wide in [(cells[~exact[cells]], cells[exact[cells]])]
            for part in (narrow, wide)
            if part.size
        ]

    def __call__(self, inputs: Mapping[str, ArrayLike]) -> dict[str, Integers]:
        given = _checked(self.netlist, inputs)
        batch = len(given[0]) if given else 1
        outputs = {
            port.name: np.empty((batch, len(port)), object if _is_wide(port) else np.int64)
            for port in self.netlist.outputs
        }
        size = max(1, _VALUES_AT_ONCE // max(1, len(self.netlist)))
        for start in range(0, batch, size):
            samples = slice(start, start + size)
            nets = _Nets(self._wide, len(range(batch)[samples]))
            for port, values in zip(self.netlist.inputs, given, strict=True):
                nets.write(port.nets, values[samples].T)
            for step in self._steps:
                arguments = [nets.read(read, step.exact) for read in step.args]
                nets.write(step.cells, step.operation(*arguments))
            for port in self.netlist.outputs:
                values = nets.read(port.nets, bool(self._wide[port.nets].any()))
                outputs[port.name][samples] = values.T
        return outputs


class _Nets:
    """The values of all nets for some samples: int64, beside Python integers for the wide ones."""

    def __init__(self, wide: BoolArray, samples: int) -> None:
        self._wide = wide
        self._row = np.cumsum(wide) - 1
        self._int64 = np.zeros((len(wide), samples), dtype=np.int64)
        self._exact = np.zeros((int(wide.sum()), samples), dtype=object)

    def read(self, nets: IntArray, exact: bool) -> Integers:
        """[len(nets), samples], Python integers if `exact`; else none of the nets may be wide."""
        values: Integers = self._int64.take(nets, axis=0)
        if exact:
            values = values.astype(object)
            wide = self._wide[nets]
            values[wide] = self._exact[self._row[nets[wide]]]
        return values

    def write(self, nets: IntArray, values: Integers) -> None:
        wide = self._wide[nets]
        if wide.any():
            self._exact[self._row[nets[wide]]] = values[wide]
            nets, values = nets[~wide], values[~wide]
        self._int64[nets] = values


class _Step(NamedTuple):
    """Cells of one kind, evaluated together."""

    cells: IntArray
    args: list[IntArray]
    exact: bool
    operation: Callable[..., Integers]


def _step(netlist: Netlist, kind: Kind, cells: IntArray, exact: bool, tables: Tables) -> _Step:
    value, width, signed = netlist.value[cells], netlist.width[cells], netlist.signed[cells]
    if kind is not Kind.CONST:
        value = value.astype(np.int64)
    args = list(netlist.args[cells, : kind.operands].T)
    operation = _operation(
        kind, value[:, None], width[:, None], signed[:, None], exact=exact, tables=tables
    )
    return _Step(cells, args, exact, operation)


def _operation(
    kind: Kind, value: Integers, width: IntArray, signed: BoolArray, exact: bool, tables: Tables
) -> Callable[..., Integers]:
    """From the values of the arguments [cells, samples] to those of the results."""
    match kind:
        case Kind.CONST:
            return lambda: value
        case Kind.ADD:
            return np.add
        case Kind.SUB:
            return np.subtract
        case Kind.MUL:
            return np.multiply
        case Kind.SHL:
            return lambda a: a << value
        case Kind.SHR:
            return lambda a: a >> value
        case Kind.GT:
            return np.greater
        case Kind.MUX:
            return _mux
        case Kind.WRAP:
            return lambda a: wrap(a, width, signed)
        case Kind.LOOKUP:
            return lambda a: tables.lookup(value, a)
        case Kind.FITS:
            least, greatest = limits(value >> 1, (value & 1).astype(np.bool_), exact)
            return lambda a: (least <= a) & (a <= greatest)
        case _:  # SATURATE
            least, greatest = limits(width, signed, exact)
            return lambda a: np.clip(a, least, greatest)


def _mux(c: Integers, a: Integers, b: Integers) -> Integers:
    return np.where(c != 0, a, b)


def _is_wide(port: Port) -> bool:
    return bool(np.any(port.width > INT64_BITS))


def _checked(netlist: Netlist, inputs: Mapping[str, ArrayLike]) -> list[Integers]:
    """The inputs in the order of the ports, as integers [batch, m] that fit their formats."""
    names = [port.name for port in netlist.inputs]
    if set(names) != set(inputs):
        raise CatgradError(
            f"The netlist has the input ports {_listed(names)}, but values came for "
            f"{_listed(inputs)}; give each port an array."
        )
    given = [_port_values(port, inputs[port.name]) for port in netlist.inputs]
    for port, values in zip(netlist.inputs, given, strict=True):
        if len(values) != len(given[0]):
            raise CatgradError(
                f"Input port {names[0]} has a batch of {len(given[0])}, but input port {port.name} "
                f"has one of {len(values)}; make them equal."
            )
    return given


def _port_values(port: Port, array: ArrayLike) -> Integers:
    try:
        values = integers(array)
    except TypeError as error:
        raise CatgradError(
            f"Input port {port.name} takes integers, but {error}; quantise the values first."
        ) from None
    if values.ndim != 2 or values.shape[1] != len(port):
        raise CatgradError(
            f"Input port {port.name} takes an array of shape (batch, {len(port)}), "
            f"not {values.shape}."
        )
    exact = _is_wide(port)
    least, greatest = limits(port.width, port.signed, exact)
    outside = ((values < least) | (values > greatest)).astype(np.bool_)
    if outside.any():
        sample, element = np.argwhere(outside)[0]
        format = port.formats[element]
        raise CatgradError(
            f"Input port {port.name} has {values[sample, element]} as element {element} of sample "
            f"{sample}, but its format {format} is from {format.min} to {format.max}."
        )
    return values.astype(object if exact else np.int64)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "(none)"
