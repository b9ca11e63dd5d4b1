"""Programs under a name."""

from __future__ import annotations

import pytest

from catgrad import Dtype, NdArrayType
from catgrad.core import operation as ops
from catgrad.core.types import obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph, isomorphic
from catgrad.special.definition import (
    Named,
    definitions_in,
    extract_definitions,
    inline,
    numbered,
)

T = NdArrayType((2,), Dtype.float32)


def twice(f: OpenHypergraph) -> OpenHypergraph:
    return f >> f


def test_named_programs_are_one_label_where_all_is_equal() -> None:
    negate = op(ops.Negate(T))
    one, other = Named("twice", twice(negate)), Named("twice", twice(negate))
    assert one == other
    assert hash(one) == hash(other)
    assert definitions_in(op(one) >> op(other)) == [one]
    assert Named("thrice", twice(negate)) != one
    assert Named("twice", negate) != one
    assert Named("twice", twice(negate), ("x",), ("y",)) != one


def test_a_named_program_has_its_type_and_its_name() -> None:
    named = Named("sum_up", op(ops.Add(T)), ("a", "b"), ("total",))
    assert (named.source(), named.target()) == (obj(T, T), obj(T))
    assert (named.symbol(), str(named)) == ("sum_up", "sum_up")
    assert named.arrow() == op(ops.Add(T))


def test_named_programs_in_named_programs() -> None:
    inner = Named("inner", op(ops.Negate(T)))
    outer = Named("outer", twice(op(inner)))
    assert list(extract_definitions([op(outer)])) == [inner, outer]
    assert isomorphic(inline(op(outer)), twice(op(ops.Negate(T))))


def test_numbered() -> None:
    assert numbered("x", 1) == ["x"]
    assert numbered("x", 2) == ["x_0", "x_1"]
    assert numbered("x", 0) == []


@pytest.mark.parametrize("name", ["", "my name", "1st", "a.b"])
def test_a_name_is_one_of_source(name: str) -> None:
    with pytest.raises(CatgradError) as e:
        Named(name, op(ops.Negate(T)))
    assert str(e.value) == (
        f"{name!r} cannot name a function in generated source; use letters, digits and _."
    )
