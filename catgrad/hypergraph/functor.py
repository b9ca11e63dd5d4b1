"""Functors: programs to programs, one operation label at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

from catgrad.hypergraph.array import arange, put_minimum
from catgrad.hypergraph.errors import ArrowTypeError
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.instantiate import Templates, pieces
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray


class Functor(ABC):
    """A strict symmetric monoidal hypergraph functor, given by its action on single labels.

    Picture macro expansion: each wire becomes a bundle of wires, and each operation is replaced by
    a program between the bundles, its template. ``F(f >> g)`` is ``F(f) >> F(g)`` and ``F(f @ g)``
    is ``F(f) @ F(g)``, up to the numbering of wires.

    A template is asked for once for each distinct label and instantiated at once for all operations
    that have it, so the Python cost of an application grows with the number of distinct labels, not
    of operations.
    """

    @abstractmethod
    def map_object(self, label: Any) -> Sequence[Hashable]:
        """The labels of the bundle that replaces a wire with this label."""

    @abstractmethod
    def map_operation(self, label: Any) -> OpenHypergraph:
        """The template of an operation: from the bundles of its sources to those of its targets.

        It may hold arrays of any module; they are moved to the module of the program.
        """

    def map_objects(self, A: Labels) -> SegmentedArray[Labels]:
        """The bundle of each label, as segments."""
        return map_labels(A, self.map_object)

    def __call__(self, f: OpenHypergraph) -> OpenHypergraph:
        """Apply the functor.

        Raises ``ArrowTypeError`` when two operations of ``f`` share a label and differ in type, or
        when a template does not have the type that ``map_object`` gives it.
        """
        bundles = self.map_objects(f.H.w)
        labels, which = f.H.x.distinct()
        template = FiniteFunction(which, len(labels))
        example = _examples(f, template)
        sources, targets = (
            ports.map_indexes(example).expand(bundles).map_values(bundles.values)
            for ports in (f.H.s, f.H.t)
        )
        templates = [
            self._template(label, A, B).to(f.xp)
            for label, A, B in zip(labels, sources, targets, strict=True)
        ]
        return Templates.of(templates, f.xp).instantiate(f, bundles, template)

    @cached_property
    def _templates(self) -> dict[Hashable, OpenHypergraph]:
        return {}

    def _template(self, label: Any, A: Labels, B: Labels) -> OpenHypergraph:
        if label not in self._templates:
            self._templates[label] = self.map_operation(label)
        template = self._templates[label]
        check_type(f"The template of {label}", template, A, B)
        return template


def map_labels(
    A: Labels, map_object: Callable[[Any], Sequence[Hashable]]
) -> SegmentedArray[Labels]:
    """The labels that replace each label, as segments; ``map_object`` sees each label once."""
    labels, which = A.distinct()
    if len(labels) == 0:
        return SegmentedArray(A.ids, A)
    bundles = SegmentedArray.from_labels([Labels.of(map_object(label), A.xp) for label in labels])
    return bundles.map_indexes(FiniteFunction(which, len(labels)))


def check_type(name: str, f: OpenHypergraph, A: Labels, B: Labels) -> None:
    """Raise ``ArrowTypeError`` unless ``f : A -> B``."""
    if f.source != A or f.target != B:
        raise ArrowTypeError(
            f"{name} goes {f.source} -> {f.target} but should go {A} -> {B}; let it agree with "
            "the map of objects."
        )


def _examples(f: OpenHypergraph, template: FiniteFunction) -> FiniteFunction:
    """The first operation with each label, having checked that all have the type of the first."""
    xp, X = f.xp, f.H.X
    none = xp.full((template.target,), X, dtype=xp.int64)
    example = FiniteFunction(put_minimum(none, template.table, arange(0, X, xp)), X)
    for ports in f.H.s, f.H.t:
        types = ports.map_indexes(example).map_values(f.H.w)
        for start, stop in pieces(f):
            part = ports.part(start, stop).map_values(f.H.w)
            expected = types.map_indexes(template[start:stop])
            if part != expected:
                i = next(i for i in range(len(part)) if part[i] != expected[i]) + start
                first = example(template(i))
                raise ArrowTypeError(
                    f"Operations {first} and {i} share the label {f.H.x[i]} but their types are "
                    f"{_type(f, first)} and {_type(f, i)}; put the type into the label."
                )
    return example


def _type(f: OpenHypergraph, i: int) -> str:
    return f"{f.H.s[i] >> f.H.w} -> {f.H.t[i] >> f.H.w}"
