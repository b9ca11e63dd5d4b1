"""Open hypergraphs: programs, and how they compose."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy

from catgrad.errors import CatgradError
from catgrad.hypergraph.array import Namespace
from catgrad.hypergraph.boundary import check_boundary, require_program
from catgrad.hypergraph.composition import compose, factors
from catgrad.hypergraph.finite_function import FiniteFunction, coequalizer
from catgrad.hypergraph.hypergraph import Hypergraph
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.segmented import SegmentedArray
from catgrad.hypergraph.summary import headline, summary
from catgrad.hypergraph.text import plural
from catgrad.hypergraph.viewing import picture, svg


@dataclass(frozen=True, repr=False)
class OpenHypergraph:
    """A program from ``source`` to ``target``: a cospan ``A -> W <- B`` into a hypergraph.

    Picture a circuit diagram: wires, operations between wires, a row of input pins on the left
    and a row of output pins on the right, each pin touching one wire.

    - ``s : A -> W``: the wire of each input
    - ``t : B -> W``: the wire of each output
    - ``H``: the wires and operations

    ``==`` compares arrays, numbering included; see ``isomorphic`` for equality of programs.
    Even so ``(f >> g) >> h == f >> (g >> h)`` and ``(f @ g) @ h == f @ (g @ h)`` hold; the other
    laws of a symmetric monoidal category hold up to numbering.

    >>> A = Labels.of(["number"])
    >>> add = OpenHypergraph.singleton("add", A + A, A)
    >>> copy = OpenHypergraph.singleton("copy", A, A + A)
    >>> print((copy >> add).summary())
    [number] -> [number], 2 operations, 4 wires
    inputs w0: number
    w1: number, w2: number = copy(w0)
    w3: number = add(w1, w2)
    outputs w3
    """

    s: FiniteFunction
    t: FiniteFunction
    H: Hypergraph

    def __post_init__(self) -> None:
        for name, interface in ("inputs", self.s), ("outputs", self.t):
            if interface.target != self.H.W:
                raise CatgradError(
                    f"A program with {plural(self.H.W, 'wire')} cannot have {name} among "
                    f"{plural(interface.target, 'wire')}; make the two numbers equal."
                )

    @cached_property
    def source(self) -> Labels:
        """The labels of the inputs."""
        return self.s >> self.H.w

    @cached_property
    def target(self) -> Labels:
        """The labels of the outputs."""
        return self.t >> self.H.w

    @property
    def xp(self) -> Namespace:
        """The array module of all arrays."""
        return self.H.xp

    # Constructors

    @classmethod
    def unit(cls, xp: Namespace = numpy) -> OpenHypergraph:
        """The empty program, the identity of the empty list of wires."""
        return cls.identity(Labels.of([], xp))

    @classmethod
    def identity(cls, A: Labels) -> OpenHypergraph:
        """``A -> A``, wires only."""
        every = FiniteFunction.identity(len(A), A.xp)
        return cls.spider(every, every, A)

    @classmethod
    def singleton(cls, x: Hashable, A: Labels, B: Labels) -> OpenHypergraph:
        """``A -> B``, the one operation ``x``."""
        xs = Labels.of([x], A.xp)
        return cls.tensor_operations(
            xs, SegmentedArray.from_labels([A]), SegmentedArray.from_labels([B])
        )

    @classmethod
    def tensor_operations(
        cls, x: Labels, A: SegmentedArray[Labels], B: SegmentedArray[Labels]
    ) -> OpenHypergraph:
        """The tensor of operations ``x[i] : A[i] -> B[i]``."""
        s = FiniteFunction.inj0(len(A.values), len(B.values), x.xp)
        t = FiniteFunction.inj1(len(A.values), len(B.values), x.xp)
        sources, targets = SegmentedArray(A.sizes, s), SegmentedArray(B.sizes, t)
        return cls(s, t, Hypergraph(sources, targets, A.values + B.values, x))

    @classmethod
    def spider(cls, s: FiniteFunction, t: FiniteFunction, w: Labels) -> OpenHypergraph:
        """Wires ``w`` only: input i touches wire ``s(i)``, output j touches wire ``t(j)``."""
        return cls(s, t, Hypergraph.discrete(w))

    @classmethod
    def half_spider(cls, s: FiniteFunction, w: Labels) -> OpenHypergraph:
        """A spider whose outputs are all the wires: ``s >> w -> w``."""
        return cls.spider(s, FiniteFunction.identity(len(w), w.xp), w)

    @classmethod
    def permutation(cls, A: Labels, p: FiniteFunction | Sequence[int]) -> OpenHypergraph:
        """Reorder wires: output j is input ``p(j)``."""
        if not isinstance(p, FiniteFunction):
            p = FiniteFunction.of(p, len(A), A.xp)
        return cls.half_spider(p.inverse(), p >> A)

    @classmethod
    def twist(cls, A: Labels, B: Labels) -> OpenHypergraph:
        """``A + B -> B + A``."""
        # The wires stand in the order of the outputs, B + A.
        return cls.half_spider(FiniteFunction.twist(len(A), len(B), A.xp), B + A)

    @classmethod
    def tensor_list(
        cls, programs: Sequence[OpenHypergraph], xp: Namespace = numpy
    ) -> OpenHypergraph:
        """``f0 @ f1 @ ...``, concatenated at once; ``xp`` is only used for the empty list."""
        return cls(
            FiniteFunction.tensor_list([f.s for f in programs], xp),
            FiniteFunction.tensor_list([f.t for f in programs], xp),
            Hypergraph.coproduct_list([f.H for f in programs], xp),
        )

    # Algebra

    def __rshift__(self, g: OpenHypergraph) -> OpenHypergraph:
        """First this program, then ``g``: its inputs are glued to the outputs of this one.

        Raises ``ArrowTypeError`` when the labels differ; wires are counted from 0.
        """
        require_program("What a program is composed with", g)
        check_boundary(self, g)
        composite = object.__new__(OpenHypergraph)
        vars(composite).update(source=self.source, target=g.target, factors=(self, g))
        return composite

    if not TYPE_CHECKING:  # so that a misspelt attribute is still found

        def __getattr__(self, name: str) -> Any:
            # A composite glues its factors when its arrays are first asked for, and a tensor
            # puts its parts together.
            if name in ("s", "t", "H") and "factors" in vars(self):
                s, t, H = compose(factors(self))
                vars(self).update(s=s, t=t, H=H)
                del vars(self)["factors"]
                return vars(self)[name]
            if name in ("s", "t", "H") and "parts" in vars(self):
                f = OpenHypergraph.tensor_list(factors(self, "parts"))
                vars(self).update(s=f.s, t=f.t, H=f.H)
                del vars(self)["parts"]
                return vars(self)[name]
            raise AttributeError(f"'OpenHypergraph' object has no attribute {name!r}")

    def __getstate__(self) -> dict[str, Any]:
        return {"s": self.s, "t": self.t, "H": self.H}

    def __matmul__(self, g: OpenHypergraph) -> OpenHypergraph:
        """Side by side: this program above ``g``."""
        require_program("What stands beside a program", g)
        tensor = object.__new__(OpenHypergraph)
        vars(tensor).update(parts=(self, g))
        return tensor

    def dagger(self) -> OpenHypergraph:
        """Inputs and outputs exchanged; the operations stay as they are."""
        return OpenHypergraph(self.t, self.s, self.H)

    def glue(self, a: FiniteFunction, b: FiniteFunction) -> OpenHypergraph:
        """The same operations with wire ``a(i)`` and wire ``b(i)`` made one, for each i."""
        q, members = coequalizer(a, b)
        return OpenHypergraph(self.s >> q, self.t >> q, self.H.quotient(q, members))

    def permute(self, w: FiniteFunction, x: FiniteFunction) -> OpenHypergraph:
        """The same program, renumbered: wire i becomes ``w(i)``, operation j becomes ``x(j)``."""
        return OpenHypergraph(self.s >> w, self.t >> w, self.H.permute(w, x))

    def summary(self, limit: int = 50) -> str:
        """The program as a list of assignments, one operation a line, at most ``limit`` lines."""
        return summary(self, limit)

    def draw(self, **options: Any) -> Any:
        """The program as a picture, shown by notebooks; its ``save(path)`` writes an SVG file.

        Options are those of ``catgrad.draw.draw``: ``unfold=True`` shows definitions in place.
        """
        return picture(self, **options)

    def _repr_svg_(self) -> str | None:
        return svg(self)

    def __repr__(self) -> str:
        return f"OpenHypergraph({headline(self)})"

    def to(self, xp: Namespace) -> OpenHypergraph:
        """The same program with its arrays in the array module ``xp``."""
        return OpenHypergraph(self.s.to(xp), self.t.to(xp), self.H.to(xp))
