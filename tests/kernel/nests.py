"""Loop nests of every kind: any affine reads, any affine write, a few bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from catgrad.core.types import Dtype, NdArrayType
from catgrad.kernel.affine import Affine
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest, scalar
from catgrad.kernel.scalar_expression import Scalar, maximum, traced, where
from catgrad.kernel.trace import access

BODIES: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x * y,
    lambda x, y: y * x,
    lambda x, y: (x - y) ** 2,
    lambda x, y: x + y * y,
    lambda x, _: x,
    lambda x, y: x * y * x,
]
"""Bodies that mean the same on the numbers of Python as in a kernel."""

BRANCHING: list[Callable[[Any, Any], Any]] = [
    lambda x, y: where(x > y, x, y * 0.5),
    lambda x, y: maximum(x, y) * y,
]


@st.composite
def kernels(
    draw: st.DrawFn,
    dtypes: st.SearchStrategy[Any],
    bodies: Any = BODIES,
    reductions: Any = ("sum",),
) -> tuple[Kernel, Callable[[Any, Any], Any]]:
    """A kernel of one nest that reads two places, and its body as a function of numbers."""
    extents = tuple(draw(st.lists(st.integers(1, 3), min_size=0, max_size=3)))
    names = [f"i{k}" for k in range(len(extents))]
    reduction = draw(st.sampled_from(reductions))
    reduced = draw(st.integers(0, len(extents))) if reduction else 0
    body = draw(st.sampled_from(bodies))
    dtype = draw(dtypes)
    sources, reads = [], []
    for number in range(2):
        T, read = draw(arrays(number, extents, names, names))
        sources.append(T.with_dtype(dtype))
        reads.append(read)
    kept = names[: len(names) - reduced]
    U, write = draw(arrays(0, extents, names, kept))
    if reduction != "sum":
        shape = extents[: len(kept)]
        write = access(0, tuple(map(Affine.index, kept)), shape, names)
        U = NdArrayType(shape, dtype)
    operands = [Scalar(scalar(dtype), None, place=k) for k in range(2)]
    read_by, program = traced(body(*operands))
    nest = Nest(
        extents,
        tuple(reads[operand.place] for operand in read_by),
        write,
        program,
        reduction,
        reduced,
    )
    try:
        target = U.with_dtype(nest.result.dtype)
    except KernelError:  # an exact product of more than 64 bits
        reject()
    return Kernel("drawn", tuple(sources), (target,), (nest,), ("a", "b")), body


@st.composite
def arrays(
    draw: st.DrawFn, number: int, extents: tuple[int, ...], names: list[str], used: list[str]
) -> tuple[NdArrayType, Access]:
    """An array of one axis or two, or none, and an affine access to it that stays in bounds."""
    known = dict(zip(names, extents, strict=True))
    shape, places = [], []
    for _ in range(draw(st.integers(0, 2))):
        steps = {name: draw(st.sampled_from([0, 0, 1, 1, 2, -1])) for name in used}
        place = Affine(0, tuple((name, step) for name, step in steps.items() if step))
        low, high = place.bounds(known)
        start, room = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        places.append(place + (start - low))
        shape.append(start + high - low + 1 + room)
    T = NdArrayType(tuple(shape), Dtype.int32)
    return T, access(number, tuple(places), T.shape, names)


def brute(kernel: Kernel, body: Callable[[Any, Any], Any], arrays: list[Any]) -> list[Any]:
    """What a kernel with one nest computes, one point after another; a flat list of numbers."""
    [nest] = kernel.nests
    memories = [np.asarray(x).reshape(-1).tolist() for x in arrays]
    both = len(nest.reads) == 2
    found: dict[int, list[Any]] = {}
    for index in product(*map(range, nest.extents)):
        numbers = [memories[read.array][at(read, index)] for read in nest.reads]
        term = body(*numbers) if both else body(numbers[0], None)
        found.setdefault(at(nest.write, index), []).append(term)
    together: Any = {"sum": sum, "max": max, "min": min, "product": np.prod, None: sum}
    reduce = together[nest.reduction]
    return [reduce(found.get(k, [])) for k in range(kernel.targets[0].size)]


def at(access: Access, index: tuple[int, ...]) -> int:
    steps = zip(access.strides, index, strict=True)
    return access.offset + sum(stride * i for stride, i in steps)


def numbers(draw: Any, T: NdArrayType, number: st.SearchStrategy[Any], dtype: Any) -> Any:
    """An array of drawn numbers."""
    drawn = draw(st.lists(number, min_size=T.size, max_size=T.size))
    return np.array(drawn, dtype=dtype).reshape(T.shape)


def named(kernel: Kernel, name: str) -> Kernel:
    return replace(kernel, name=name)
