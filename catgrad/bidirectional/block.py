"""Blocks: programs of B under a name, to be folded in a picture or emitted as a function."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.optic import Optic, copy_core
from catgrad.combinators import identity, keep_outputs
from catgrad.core import operation as ops
from catgrad.core.simplify import remove_dead, simplify
from catgrad.core.types import op
from catgrad.errors import CatgradError
from catgrad.hypergraph import (
    FiniteFunction,
    Functor,
    Labels,
    OpenHypergraph,
    ancestors,
    drivers,
)
from catgrad.special.definition import Named, check_names, numbered
from catgrad.special.memory import Memory, factor_memory, with_memory
from catgrad.special.parameter import Parameter, factor_parameters

Repeating = ops.Broadcast | ops.NCopy | ops.Repeat
"""Operations that make more numbers of few, which are cheaper to make again than to keep."""

EAGER = 16
"""Of so many blocks inside one another one is taken apart when it is made."""


@dataclass(frozen=True)
class Block(Optic):
    """The program ``program : A → B`` of B, without parameters and memory, as one operation.

    Its forward and reverse maps are definitions, the two sides of a cut through the derivative of
    the program. What crosses the cut is the residual: the outputs `J` and the inputs `I` that the
    reverse map reads again, and other numbers `K` that were computed on the way forward.

                ┌─────────┐             J ──┌─────────┐
        A ──●───┤ forward ├──●── B      K ──┤ reverse ├── A'
            │   └─────────┘─╮╰── J      I ──│         │
            │               ╰─── K     B' ──└─────────┘
            ╰─────────────────── I

    - `arguments`, `results`: what generated source calls `A` and `B`; one name each, or none
    """

    name: str
    program: OpenHypergraph
    arguments: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_names(self.name, self.program, self.arguments, self.results)
        if any(isinstance(label, Parameter) for label in self.program.H.x.distinct()[0]):
            first = next(x for x in self.program.H.x if isinstance(x, Parameter))
            raise CatgradError(
                f"Block {self.name} holds the parameter {first.name}; make it with "
                f"block({self.name!r}, f), which leaves parameters outside."
            )
        if any(isinstance(label, Memory) for label in self.program.H.x.distinct()[0]):
            raise CatgradError(
                f"Block {self.name} holds memory; make it with block({self.name!r}, f), which "
                f"leaves memory outside."
            )
        if self._depth % EAGER == 0:  # what blocks inside ask of each other then ends here
            _ = self._cut, self._expanded

    @cached_property
    def _depth(self) -> int:
        """How many blocks stand inside one another, this one included."""
        inner = (x._depth for x in self.program.H.x.distinct()[0] if isinstance(x, Block))
        return 1 + max(inner, default=0)

    @cached_property
    def _expanded(self) -> OpenHypergraph:
        return expand(self.program)

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.program))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        # What is kept beside the fields, such as the hash, holds in this process only.
        return type(self), (self.name, self.program, self.arguments, self.results)

    def __str__(self) -> str:
        return self.name

    def source(self) -> Labels:
        return self.program.source

    def target(self) -> Labels:
        return self.program.target

    def to_core(self) -> OpenHypergraph:
        return op(self._cut.value)

    def residual(self) -> Labels:
        return self._cut.residual

    def fwd(self) -> OpenHypergraph:
        cut = self._cut
        passed = identity(cut.inputs >> cut.value.source())
        read = _again(cut.value.source(), cut.inputs) >> (op(cut.forward) @ passed)
        return read >> (_again(cut.value.target(), cut.outputs) @ identity(cut.kept) @ passed)

    def rev(self) -> OpenHypergraph:
        return op(self._cut.reverse)

    @cached_property
    def _cut(self) -> _Cut:
        return _cut(self)


def _again(A: Labels, part: FiniteFunction) -> OpenHypergraph:
    """``A → A ● part``, the wires of a part twice."""
    return keep_outputs(copy_core(A), [*range(len(A)), *(len(A) + i for i in part)])


@dataclass(frozen=True)
class _Cut:
    """The definitions that a block stands for.

    - `value`: ``A → B``; also `forward`, where `K` is empty
    - `forward`: ``A → B ● K``
    - `reverse`: ``J ● K ● I ● B' → A'``
    - `outputs`, `inputs`: which of `B` are `J`, and of `A` are `I`
    """

    value: Named
    forward: Named
    reverse: Named
    outputs: FiniteFunction
    inputs: FiniteFunction

    @property
    def kept(self) -> Labels:
        """`K`."""
        return self.forward.target()[len(self.value.program.t) :]

    @property
    def residual(self) -> Labels:
        """``J ● K ● I``."""
        again = self.outputs >> self.value.target()
        return again + self.kept + (self.inputs >> self.value.source())


def _cut(block: Block) -> _Cut:
    """Cut ``A ● B' → B ● A'`` into what `B` needs and the rest.

    A constant that both sides need stands on both, and so does what only repeats numbers.
    """
    f = simplify(differentiate(block.program))
    a, b = len(block.program.s), len(block.program.t)
    early = ancestors(f, f.t.table[:b])
    writer, labels = drivers(f).tolist(), list(f.H.x)
    again = (~early | (f.H.s.sizes == 0)).tolist()
    while True:
        later = f.H.subgraph(f.xp.asarray(again))
        crossing = {*later.s.values, *f.t[b:]} - {*later.t.values, *f.s[a:]}
        written = {writer[wire] for wire in crossing} - {-1}
        repeats = [i for i in written if isinstance(labels[i], Repeating)]
        if not repeats:
            break
        for i in repeats:
            again[i] = True
    inputs = _positions(f.s[:a], crossing)
    crossing -= {*f.s[:a]}
    outputs = _positions(f.t[:b], crossing)
    K = FiniteFunction.of(sorted(crossing - {*f.t[:b]}), f.H.W)

    arguments = block.arguments or tuple(numbered("x", a))
    results = block.results or tuple(numbered("y", b))
    kept = tuple(numbered("kept", len(K)))
    value = Named(block.name, simplify(forget(block.program)), arguments, results)
    forward = OpenHypergraph(f.s[:a], f.t[:b] + K, f.H.subgraph(early))
    residual = (outputs >> f.t[:b]) + K + (inputs >> f.s[:a])
    reverse = OpenHypergraph(residual + f.s[a:], f.t[b:], later)
    read = (*(results[i] for i in outputs), *kept, *(arguments[i] for i in inputs))
    return _Cut(
        value,
        Named(f"{block.name}_forward", remove_dead(forward), arguments, results + kept)
        if kept
        else value,
        Named(
            f"{block.name}_reverse",
            remove_dead(reverse),
            (*read, *(f"d_{name}" for name in results)),
            tuple(f"d_{name}" for name in arguments),
        ),
        outputs,
        inputs,
    )


def _positions(wires: FiniteFunction, chosen: set[int]) -> FiniteFunction:
    """Where each chosen wire stands first."""
    first: dict[int, int] = {}
    for i, wire in enumerate(wires):
        if wire in chosen:
            first.setdefault(wire, i)
    return FiniteFunction.of(first.values(), len(wires))


def block(
    name: str, f: OpenHypergraph, arguments: Sequence[str] = (), results: Sequence[str] = ()
) -> OpenHypergraph:
    """``f : X → Y`` as one block, its parameters outside: ``(p ● X) ; Block``, and its memory.

    `arguments` and `results` name `X` and `Y`; parameters and memory have names of their own.
    """
    memories, once = factor_memory(f)
    p, d = factor_parameters(once)
    before = [*(x.name for x in p.H.x), *(x.name for x in memories)]
    inputs = list(arguments) or numbered("x", len(f.s))
    outputs = [*results, *(f"new_{x.name}" for x in memories)] if results else []
    made = Block(name, d, tuple(distinct([*before, *inputs])), tuple(distinct(outputs)))
    return with_memory(memories, (p @ identity(once.source)) >> op(made))


def distinct(names: Sequence[str]) -> list[str]:
    """The names, those that occur more than once numbered.

    >>> distinct(["weights", "bias", "weights"])
    ['weights_0', 'bias', 'weights_1']
    """
    seen: dict[str, int] = {}
    found = []
    for name in names:
        place = seen.setdefault(name, 0)
        seen[name] += 1
        found.append(f"{name}_{place}" if names.count(name) > 1 else name)
    return found


class Expand(Functor):
    """B → B, each block replaced by its program, and the blocks in that by theirs."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return label._expanded if isinstance(label, Block) else op(label)


def expand(f: OpenHypergraph) -> OpenHypergraph:
    """`f` with the program of each block in its place; no block is left."""
    blocks = any(isinstance(label, Block) for label in f.H.x.distinct()[0])
    return Expand()(f) if blocks else f
