"""Models with memory have pictures in which no wire runs back."""

from __future__ import annotations

from catgrad import Dtype, NdArrayType, feedback, obj
from catgrad.bidirectional import operation as B
from catgrad.draw import draw
from catgrad.draw.wiring import loosened
from catgrad.hypergraph import order

A = obj(NdArrayType((), Dtype.float32))


def test_a_memory_is_two_boxes() -> None:
    integrator = feedback(B.add(A) >> B.copy(A), name="total")
    loose = loosened(integrator)
    assert len(order(loose)) == loose.H.X == integrator.H.X + 1
    assert (loose.source, loose.target) == (integrator.source, integrator.target)
    text = draw(integrator)
    assert text.count("total") == 2
    assert "of the last sample" in text
    assert "for the next" in text


def test_a_program_without_memory_stays_as_it_is() -> None:
    assert loosened(B.add(A)) == B.add(A)
