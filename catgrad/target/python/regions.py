"""How parts of arrays, windows and tables are written in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, Shape
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, infix, method, view
from catgrad.target.python.expressions import Site, reduced, written
from catgrad.target.python.values import Value, storage
from catgrad.target.python.views import is_apart, permuted, reshaped

FEW_ROWS = 2**8
"""Rows of a table up to which adding to them by a product of matrices is faster than by sorting,
and all one-hot rows are a table from which to take some."""

################################################################################
# Along axes


@written.register
def _(operation: ops.Repeat, operands: Sequence[Value], site: Site) -> list[Value]:
    """A thin array with an axis of extent 1 for each axis along which it repeats."""
    [x] = operands
    index: list[str] = []
    shape = list(x.shape)
    extents: list[int] = []
    for axis in reversed(range(len(operation.T.shape))):
        if not shape:
            break
        repeats = axis in operation.axes
        index.insert(0, "None" if repeats else ":")
        extents.insert(0, 1 if repeats else shape.pop())
    trailing = len(index) - index.count(":")
    if len(index) - trailing > 1 and index[-trailing:] == ["None"] * trailing:
        index = ["...", *index[-trailing:]]
    while index and index[-1] == ":":
        index.pop()
    spread = view(x.code, f"[{', '.join(index)}]") if index else x.code
    return [Value(spread, site.result, tuple(extents), x.number)]


REDUCTIONS: dict[type, str] = {
    ops.ReduceSum: "sum",
    ops.ReduceProduct: "prod",
    ops.ReduceMax: "max",
    ops.ReduceMin: "min",
}
"""The methods that reductions are."""


@written.register
def _(operation: ops.Reduce, operands: Sequence[Value], site: Site) -> list[Value]:
    return reduced(REDUCTIONS[type(operation)], operands[0], operation.axes, site)


@written.register
def _(operation: ops.ArgMax, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    index = method(x.full, "argmax", f"axis={operation.axis}")
    if site.result.dtype is Dtype.int32:
        index = method(index, "astype", "np.int32")
    return [Value(index, site.result, site.result.shape)]


@written.register
def _(operation: ops.Array, _operands: Sequence[Value], site: Site) -> list[Value]:
    numbers, dtype = np.array(operation.numbers, dtype=object), f"dtype=np.{storage(site.result)}"
    if numbers.size:
        array = call("np.array", repr(numbers.reshape(operation.T.shape).tolist()), dtype)
    else:
        array = call("np.zeros", str(operation.T.shape), dtype)
    return [Value(array, site.result, site.result.shape)]


@written.register
def _(operation: ops.Iota, _operands: Sequence[Value], site: Site) -> list[Value]:
    n, after = operation.T.shape[operation.axis], len(operation.T.shape) - operation.axis - 1
    positions = call("np.arange", str(n), f"dtype=np.{storage(site.result)}")
    if isinstance(operation.T.dtype, Fixed) and operation.T.dtype.fraction:
        positions = infix("<<", positions, Code(str(operation.T.dtype.fraction)))
    return [Value(_with_axes(positions, after), site.result, (n,) + (1,) * after)]


def _with_axes(code: Code, axes: int) -> Code:
    """An array with one axis as one with further axes of extent 1."""
    return view(code, f"[:{', None' * axes}]") if axes else code


################################################################################
# Parts


def _slices(start: Shape, stop: Shape, step: Shape, shape: Shape) -> str:
    """An index, without the axes at its end that are whole."""
    texts = []
    for a, b, s, n in zip(start, stop, step, shape, strict=True):
        text = f"{a or ''}:{'' if b == n else b}"
        texts.append(f"{text}:{s}" if s > 1 else text)
    while texts and texts[-1] == ":":
        texts.pop()
    return ", ".join(texts)


@written.register
def _(operation: ops.Slice, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(site.result, x.number)]
    index = _slices(operation.start, operation.stop, operation.steps, operation.T.shape)
    part = view(x.full, f"[{index}]") if index else x.full
    rows = "," not in index and operation.steps[:1] in ((), (1,))  # whole ones, one after the other
    return [Value(part, site.result, site.result.shape, is_scattered=not rows or is_apart(x))]


@written.register
def _(operation: ops.Pad, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number == operation.value:
        return [Value.constant(site.result, operation.value)]
    inside = operation.inside()
    index = _slices(inside.start, inside.stop, inside.steps, site.result.shape)
    value = Value.constant(site.result, operation.value)
    place = f"np.s_[{index or '...'}]"
    padded = call(site.helper("pad"), x.full, str(site.result.shape), place, value.code)
    return [Value(padded, site.result, site.result.shape)]


@written.register
def _(operation: ops.Concatenate, operands: Sequence[Value], site: Site) -> list[Value]:
    axis: int | None = operation.axis
    if len(site.result.shape) == 1 and any(x.reshaped for x in operands):
        operands, axis = [x.reshaped or x for x in operands], None  # NumPy makes rows of them
    parts = ", ".join(x.full.text for x in operands)
    arguments = [f"[{parts}]", f"axis={axis}"]
    if axis is not None and any(
        x.permuted for x in operands
    ):  # else the order of the parts in memory is kept
        shape = f"np.empty({site.result.shape}, np.{storage(site.result)})"
        arguments.append(f"out={shape}")
    joined = call("np.concatenate", *arguments)._replace(is_new=True)
    return [Value(joined, site.result, site.result.shape)]


@written.register
def _(operation: ops.Window, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(site.result, x.number)]
    axis, shape = operation.axis, operation.T.shape
    if operation.tiles:
        apart = (*shape[:axis], operation.count, operation.size, *shape[axis + 1 :])
        return [permuted(reshaped(x, apart), _moved(len(apart), axis + 1, len(apart) - 1))]
    base, sizes, axes = x.windows or (x, (), ())
    sizes, axes = (*sizes, operation.span), (*axes, axis)
    several = len(axes) > 1
    windows = call(
        "np.lib.stride_tricks.sliding_window_view",
        base.full,
        str(sizes if several else sizes[0]),
        f"axis={axes if several else axis}",
    )
    before, whole = (0,) * len(site.result.shape), site.result.shape
    steps = [1] * len(whole)
    steps[axis], steps[-1] = operation.stride, operation.dilation
    if index := _slices(before, whole, tuple(steps), whole):
        windows = view(windows, f"[{index}]")
    again = None if index else (base, sizes, axes)
    T = site.result
    return [Value(windows, T, T.shape, is_scattered=True, windows=again)]


@written.register
def _(operation: ops.Fold, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    axis, axes = operation.axis, len(operation.T.shape)
    if operation.tiles:
        return [reshaped(permuted(x, _moved(axes + 1, axes, axis + 1)), site.result.shape)]
    arguments = (str(site.result.shape), str(axis), str(operation.stride), str(operation.dilation))
    folded = call(site.helper("fold"), x.full, *arguments)
    return [Value(folded, site.result, site.result.shape)]


def _moved(axes: int, source: int, target: int) -> tuple[int, ...]:
    """The order of axes in which one axis has moved to another place."""
    order = [k for k in range(axes) if k != source]
    order.insert(target, source)
    return tuple(order)


################################################################################
# By index


@written.register
def _(_operation: ops.Gather, operands: Sequence[Value], site: Site) -> list[Value]:
    table, index = operands
    return [Value(rows_of(table.full, index.full), site.result, site.result.shape)]


@written.register
def _(operation: ops.ScatterAdd, operands: Sequence[Value], site: Site) -> list[Value]:
    index, rows = operands
    T = operation.T
    arguments: list[Code | str] = [index.full, rows.full, str(T.shape)]
    if T.is_floating and T.shape[0] <= FEW_ROWS and rows.type.size:
        table = call(
            site.helper("scatter_add_few"), *arguments, one_hots(T.shape[0], site.result, site)
        )
    else:
        table = call(site.helper("scatter_add"), *arguments)
    return [Value(table, site.result, site.result.shape)]


@written.register
def _(operation: ops.OneHot, operands: Sequence[Value], site: Site) -> list[Value]:
    [index] = operands
    T = site.result
    if T.is_floating and operation.n <= FEW_ROWS and not site.takes_conditions:
        return [Value(rows_of(one_hots(operation.n, T, site), index.full), T, T.shape)]
    column = view(index.full, "[..., None]")
    places = [str(operation.n)]
    if index.type.dtype is Dtype.int32:  # or the index would be converted, which takes longer
        places.append("dtype=np.int32")
    condition = infix("==", column, site.constant("classes", call("np.arange", *places)))
    hot = integers.bits(condition, site, site.result.shape)
    if isinstance(operation.dtype, Fixed) and operation.dtype.fraction:
        return [Value(hot.code, site.result, hot.shape).aligned(operation.dtype.fraction)]
    return [hot]


def rows_of(table: Code, index: Code) -> Code:
    """The rows of a table that an index names, which `take` copies faster than ``table[index]``."""
    rows = method(table, "take", index.text, "axis=0")
    return rows._replace(operations=rows.operations + index.operations, is_new=True)


def one_hots(n: int, T: NdArrayType, site: Site) -> Code:
    """All one-hot rows of `n` numbers, for arrays of a type."""
    return site.constant(f"one_hots_{n}", call("np.eye", str(n), f"dtype=np.{storage(T)}"))
