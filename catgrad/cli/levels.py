"""A program at each level of the compiler, ready to be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catgrad import learner as learning
from catgrad.bidirectional.optic import Optic
from catgrad.circuit import Kind, Netlist, Port
from catgrad.combinators import Canonical
from catgrad.core.operation import Constant
from catgrad.core.types import op
from catgrad.draw import caption
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.hardware import Hardware, compile_hardware
from catgrad.hypergraph import (
    FiniteFunction,
    Functor,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
)
from catgrad.kernel import Kernel, Nest, to_kernels, unroll
from catgrad.learner import Learner
from catgrad.parameters import array_names
from catgrad.special.definition import Definition, Named, inline, numbered

MOST = 500_000  # points of loop nests that are unrolled for a picture


@dataclass(frozen=True)
class View:
    """A program, the names at its boundary, and what its boxes say."""

    program: OpenHypergraph
    inputs: list[str]
    outputs: list[str]
    label: Callable[[Any], str] = caption


@dataclass(frozen=True)
class Subject:
    """What was named on the command line, with a rule, a loss and formats to make the rest of it.

    A `Learner` or a `Hardware` brings its own.
    """

    value: OpenHypergraph | Learner | Hardware
    rule: Canonical
    loss: Canonical
    formats: Formats

    def learner(self) -> Learner:
        """The model between rule and loss."""
        match self.value:
            case Hardware():
                return self.value.learner
            case Learner():
                return self.value
        return learning.learner(self.value, self.rule, self.loss)

    def differentiable(self) -> Learner:
        """The same, each of its operations one that has a reverse map."""
        learner = self.learner()
        for label in learner.whole.H.x.distinct()[0]:
            if not isinstance(label, Optic):
                name = type(label).__name__
                raise CatgradError(
                    f"The model holds {name}, which has no reverse map to learn with; use one of "
                    f"catgrad.bidirectional.operation, or draw it with --level model or core."
                )
        return learner

    def hardware(self) -> Hardware:
        """The integer program."""
        self.differentiable()
        match self.value:
            case Hardware():
                return self.value
            case Learner():
                raise CatgradError(
                    "The netlist of a Learner needs its model and formats; name the model, or "
                    "what compile_hardware returns."
                )
        return compile_hardware(self.value, self.rule, self.loss, self.formats)


def model(subject: Subject) -> View:
    """What the user wrote; layers are boxes."""
    value = subject.value
    if isinstance(value, OpenHypergraph):
        x, y = numbered("x", len(value.source)), numbered("y", len(value.target))
        return View(value, x, y)
    learner = subject.learner()
    names = [*parameters(learner), *memories(learner), *inputs(learner)]
    return View(learner.model, names, [*predictions(learner), *new(memories(learner))])


def core(subject: Subject) -> View:
    """What the model computes, in array operations."""
    learner = subject.learner()
    names = [*parameters(learner), *memories(learner), *inputs(learner)]
    outputs = [*predictions(learner), *new(memories(learner))]
    return View(learning.predict(learner), names, outputs)


def whole(subject: Subject) -> View:
    """Rule, model and loss in a row."""
    learner = subject.learner()
    names = [*kept(learner), *memories(learner), *inputs(learner), *learner.given_names]
    outputs = [*numbered("y", len(learner.L)), *new(memories(learner))]
    return View(learner.whole, names, outputs)


def step(subject: Subject) -> View:
    """One step of learning: the whole, differentiated."""
    learner = subject.differentiable()
    names = [*kept(learner), *memories(learner), *inputs(learner)]
    names += [*numbered("y", len(learner.L)), *learner.given_names]
    outputs = new([*kept(learner), *memories(learner)])
    return View(learning.step(learner), names, outputs)


def kernels(subject: Subject) -> View:
    """The step, each array operation as loop nests."""
    view = step(subject)
    return View(Kernels()(view.program), view.inputs, view.outputs, nest_caption)


def scalars(subject: Subject) -> View:
    """The step, each number a wire of its own."""
    view = step(subject)
    f = to_kernels(inline(view.program))
    check(f)
    return View(unroll(f), each(view.inputs, f.source), each(view.outputs, f.target))


def netlist(subject: Subject) -> View:
    """The circuit of one step in fixed point."""
    hardware = subject.hardware()
    check(to_kernels(hardware.program))
    return circuit(hardware.netlist)


LEVELS: dict[str, Callable[[Subject], View]] = {
    level.__name__: level for level in (model, core, whole, step, kernels, scalars, netlist)
}


################################################################################
# Names


def parameters(learner: Learner) -> list[str]:
    return array_names(learner.parameter_names)


def kept(learner: Learner) -> list[str]:
    return array_names(learner.kept_names)


def memories(learner: Learner) -> list[str]:
    return array_names(learner.memory_names)


def new(names: Sequence[str]) -> list[str]:
    """What they are called after a sample."""
    return [f"new {name}" for name in names]


def inputs(learner: Learner) -> list[str]:
    return numbered("x", len(learner.X))


def predictions(learner: Learner) -> list[str]:
    return numbered("prediction", len(learner.Y))


def each(names: Sequence[str], types: Labels) -> list[str]:
    """A name for each number of each array."""
    arrays = zip(names, types, strict=True)
    return [number for name, T in arrays for number in indexed(name, T.size)]


def indexed(name: str, size: int) -> list[str]:
    """The name itself, or numbered names for several numbers."""
    return [name] if size == 1 else [f"{name}_{i}" for i in range(size)]


################################################################################
# Kernels and scalars


class Kernels(Functor):
    """C → K, with definitions as definitions."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        if not isinstance(label, Definition):
            return to_kernels(op(label))
        sides = (getattr(label, side, ()) for side in ("arguments", "results"))
        return op(Named(label.symbol(), self(label.arrow()), *sides))


def nest_caption(label: Any) -> str:
    """The name of a kernel, and its index spaces."""
    if not isinstance(label, Kernel):
        return caption(label)
    return "\n".join([label.name, *dict.fromkeys(map(space, label.nests))])


def space(nest: Nest) -> str:
    """The index space of a loop nest, and what is reduced along which of its axes; a constant."""
    if not nest.reads and [type(x) for x in nest.body.H.x] == [Constant]:
        return f"{nest.body.H.x[0].x:.6g}"
    kept, reduced = nest.extents[: len(nest.kept)], nest.extents[len(nest.kept) :]
    over = [" × ".join(map(str, axes)) or "1" for axes in (kept, reduced)]
    return f"over {over[0]}" + (f", {nest.reduction} over {over[1]}" if nest.reduced else "")


def check(f: OpenHypergraph) -> None:
    """Refuse to unroll what nobody waits for."""
    points = sum(math.prod(nest.extents) for kernel in f.H.x for nest in kernel.nests)
    if points > MOST:
        raise CatgradError(
            f"The program has {points:,} points to unroll, more than the {MOST:,} that are drawn; "
            f"draw it with --level kernels, or draw a smaller model."
        )


################################################################################
# Netlists


def circuit(n: Netlist) -> View:
    """A netlist: each cell an operation, each net a wire with its format."""
    cells = np.flatnonzero(n.kind != Kind.INPUT)
    used = n.args[cells] >= 0
    W = len(n)
    graph = Hypergraph(
        SegmentedArray(used.sum(axis=1), FiniteFunction(n.args[cells][used], W)),
        SegmentedArray(np.ones(len(cells), np.int64), FiniteFunction(cells, W)),
        Labels.of(str(n.format(net)) for net in range(W)),
        Labels.of(cell(Kind(n.kind[i]), n.value[i]) for i in cells.tolist()),
    )

    def nets(ports: Sequence[Port]) -> FiniteFunction:
        return FiniteFunction(np.concatenate([np.empty(0, np.int64), *(p.nets for p in ports)]), W)

    def names(ports: Sequence[Port]) -> list[str]:
        return [name for port in ports for name in indexed(port.name, len(port))]

    program = OpenHypergraph(nets(n.inputs), nets(n.outputs), graph)
    return View(program, names(n.inputs), names(n.outputs))


def cell(kind: Kind, value: int) -> str:
    """What the box of a cell says."""
    if kind is Kind.LOOKUP:
        return f"lookup\ntable {value}"
    return f"{kind}\n{value}" if kind in (Kind.CONST, Kind.SHL, Kind.SHR) else str(kind)
