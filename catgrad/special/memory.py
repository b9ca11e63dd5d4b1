"""Memory: what a model keeps from one sample to the next, its delay lines and filters.

A model with memory is a Mealy machine. It is written as a program that is fed back::

              ┌─────────┐                  ╭────────────[ M ]────────────╮
     S ───────┤         ├────── S          │         ┌─────────┐         │
              │    f    │          becomes ╰─────────┤         ├─────────╯
     X ───────┤         ├────── Y                    │    f    │
              └─────────┘                 X ─────────┤         ├───────── Y
                                                     └─────────┘

where ``M`` hands on what came with the sample before. (Feedback as in Katis, Sabadini and Walters,
"Feedback, trace and fixed-point semantics", 2002.) Every loop goes through a memory, so what is
left of a model when its memory is factored out is a plain program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.combinators import identity, keep_outputs
from catgrad.core.functions import python_number
from catgrad.core.operation import Scalar
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.hypergraph.array import host
from catgrad.hypergraph.boundary import require_program
from catgrad.hypergraph.text import plural

Initial = Scalar | tuple[Scalar, ...]
"""One number throughout, or the numbers of an array row by row."""


@dataclass(frozen=True)
class Memory:
    """``T → T``, what came with the sample before; with the first sample, `initial`.

    It has no reverse map: factor it out first. `name` is what the array is called in generated
    source, and `form` how it is kept in fixed point; None leaves that to the formats.
    """

    T: NdArrayType
    initial: Initial = 0
    name: str = "memory"
    form: Fixed | None = None

    def __post_init__(self) -> None:
        if isinstance(self.initial, tuple) and len(self.initial) != self.T.size:
            raise CatgradError(
                f"A memory of type {self.T} holds {plural(self.T.size, 'number')}, not "
                f"{len(self.initial)}; give one number for all, or one for each."
            )

    def __str__(self) -> str:
        return f"memory {self.name}"

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def array(self) -> NDArray[np.float64]:
        """What it holds at first, in the shape of `T`."""
        return np.broadcast_to(np.reshape(self.initial, self._shape), self.T.shape).astype(float)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.T.shape if isinstance(self.initial, tuple) else (1,) * len(self.T.shape)


def initial_of(value: ArrayLike) -> Initial:
    """What a memory holds at first, as a label can carry it."""
    array = np.asarray(value)
    return tuple(array.reshape(-1).tolist()) if array.ndim else python_number(array[()])


def feedback(
    f: OpenHypergraph,
    initial: ArrayLike | Sequence[ArrayLike] = 0,
    name: str | Sequence[str] = "memory",
    form: Fixed | Sequence[Fixed | None] | None = None,
) -> OpenHypergraph:
    """``f : S ● X → S ● Y`` with memory of type `S`: ``X → Y``.

    With each sample `f` reads what it wrote to `S` with the one before. `initial` is what it reads
    with the first: a number or an array where `S` is one array, else a list with one for each;
    `name` what generated source calls it; and `form` how it is kept in fixed point, None leaving
    that to the formats.

    >>> from catgrad.bidirectional.operation import add, copy
    >>> from catgrad.core.types import Dtype
    >>> A = obj(NdArrayType((), Dtype.float32))
    >>> integrator = feedback(add(A) >> copy(A))
    >>> print(integrator.source, "→", integrator.target)
    [float32[]] → [float32[]]
    """
    require_program("What is fed back", f)
    initials: list[Any] = list(initial) if isinstance(initial, list | tuple) else [initial]
    n = len(initials)
    names = [name] * n if isinstance(name, str) else list(name)
    forms = [form] * n if form is None or isinstance(form, Fixed) else list(form)
    if f.source[:n] != f.target[:n] or len(f.source) < n:
        raise CatgradError(
            f"Feedback of {plural(n, 'array')} needs a program that writes what it reads first, "
            f"not {f.source} → {f.target}; let both begin with the same types, and give one "
            f"initial value for each."
        )
    if not len(names) == len(forms) == n:
        count, what = (len(names), "name") if len(names) != n else (len(forms), "format")
        raise CatgradError(
            f"There are {plural(count, what)} for {plural(n, 'array')} of memory; give one "
            f"for each, or one for all."
        )
    memories = [
        Memory(T, initial_of(value), called, kept)
        for T, value, called, kept in zip(f.source[:n], initials, names, forms, strict=True)
    ]
    order = [*range(n, len(f.target)), *range(n)]
    return with_memory(memories, keep_outputs(f, order))


def delay(
    T: NdArrayType, n: int = 1, initial: ArrayLike = 0, name: str = "delayed"
) -> OpenHypergraph:
    """``T → T``, what came `n` samples ago; `initial` with the first `n` of them."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise CatgradError(
            f"A delay is a whole number of samples, at least 0, not {n}; write delay(T, 4)."
        )
    line = identity(obj(T))
    for _ in range(n):
        line = line >> op(Memory(T, initial_of(initial), name))
    return line


def with_memory(memories: Sequence[Memory], f: OpenHypergraph) -> OpenHypergraph:
    """``f : M ● A → B ● M`` with its memory: ``A → B``; the inverse of `factor_memory`."""
    if not memories:
        return f
    n, b = len(memories), len(f.t) - len(memories)
    both = f @ OpenHypergraph.tensor_list([op(memory) for memory in memories])
    s, t = both.s, both.t
    open_ended = OpenHypergraph(s[n : len(f.s)], t[:b], both.H)
    return open_ended.glue(s[:n] + t[b : b + n], t[b + n :] + s[len(f.s) :])


def memories_of(f: OpenHypergraph) -> list[Memory]:
    """The memories of a program, in the order in which it holds them."""
    labels, which = f.H.x.distinct()
    if not any(isinstance(label, Memory) for label in labels):
        return []
    found: list[Any] = [labels[i] for i in host(which).tolist()]
    return [label for label in found if isinstance(label, Memory)]


def factor_memory(f: OpenHypergraph) -> tuple[list[Memory], OpenHypergraph]:
    """Factor ``f : A → B`` into its memories and the rest of it, ``M ● A → B ● M``."""
    memories = memories_of(f)
    if not memories:
        return [], f
    labels, which = f.H.x.distinct()
    is_memory = np.array([isinstance(label, Memory) for label in labels], dtype=bool)
    picked = is_memory[host(which)]
    taken, rest = f.H.subgraph(picked), f.H.subgraph(~picked)
    return memories, OpenHypergraph(taken.t.values + f.s, f.t + taken.s.values, rest)
