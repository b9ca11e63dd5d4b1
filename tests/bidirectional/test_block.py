"""A block computes what its program computes, forward and in reverse."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import (
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    compile_hardware,
    compile_model,
    layers,
)
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import Block, block, distinct, expand
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.combinators import identity
from catgrad.core.simplify import simplify
from catgrad.core.types import obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.definition import Named, definitions_in
from catgrad.special.parameter import Parameter, factor_parameters
from catgrad.target.python import to_python_function
from tests.learners import recipes


def real(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


BATCH, FOUR, THREE = real(2), real(4), real(3)
T = real(2, 3)
DENSE = layers.dense(BATCH, FOUR, THREE)


def the_block(f: OpenHypergraph) -> Block:
    [found] = [x for x in f.H.x if isinstance(x, Block)]
    return found


def agree(f: OpenHypergraph, g: OpenHypergraph) -> None:
    """Two programs of C give the same arrays, bit for bit."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=U.shape).astype(np.float32) for U in f.source]
    found, wanted = to_python_function(simplify(f))(*inputs), to_python_function(g)(*inputs)
    assert len(found) == len(wanted)
    assert all(map(np.array_equal, found, wanted))


programs = st.one_of(
    recipes().map(lambda recipe: factor_parameters(recipe.model())[1]),
    st.sampled_from(
        [
            identity(obj(T)),
            identity(obj(T, THREE)),
            OpenHypergraph.unit(),
            op(B.Copy(T)),
            op(B.Discard(T)),
            op(B.Constant(T, 2)),
            op(B.Copy(T)) >> (op(B.Copy(T)) @ op(B.Discard(T))),
            op(B.Multiply(T)),
            op(B.Exponentiate(T, 2)),
            op(B.Copy(T)) >> (B.sigmoid(obj(T)) @ B.relu(obj(T))),
            op(B.ReLU(T)) >> op(B.Copy(T)),
        ]
    ),
)


@given(programs)
@settings(deadline=None, max_examples=25)
def test_forward_and_reverse_are_those_of_the_program(f: OpenHypergraph) -> None:
    boxed = op(Block("boxed", f))
    agree(forget(boxed), forget(f))
    agree(differentiate(boxed), differentiate(f))
    assert expand(boxed).source == f.source
    agree(forget(expand(boxed)), forget(f))


@given(programs)
@settings(deadline=None, max_examples=25)
def test_maps_have_the_types_of_an_optic(f: OpenHypergraph) -> None:
    boxed = Block("boxed", f)
    A, C, M = boxed.source(), boxed.target(), boxed.residual()
    assert (forget(boxed.fwd()).source, boxed.fwd().target) == (A, C + M)
    assert (boxed.rev().source, boxed.rev().target) == (M + C, A)
    assert (boxed.to_core().source, boxed.to_core().target) == (A, C)


def test_a_block_keeps_its_output_rather_than_a_copy() -> None:
    [forward] = definitions_in(the_block(block("dense", DENSE)).fwd())
    [reverse] = definitions_in(the_block(block("dense", DENSE)).rev())
    assert [forward] == definitions_in(the_block(block("dense", DENSE)).to_core())
    assert isinstance(forward, Named)
    assert isinstance(reverse, Named)
    assert (forward.symbol(), forward.arguments, forward.results) == (
        "dense",
        ("weights", "bias", "x"),
        ("y",),
    )
    assert (reverse.symbol(), reverse.arguments, reverse.results) == (
        "dense_reverse",
        ("y", "weights", "x", "d_y"),
        ("d_weights", "d_bias", "d_x"),
    )


def test_what_else_the_reverse_map_reads_is_kept() -> None:
    relu = layers.dense(BATCH, FOUR, THREE, layers.relu) >> op(B.Exponentiate(T, 2))
    boxed = the_block(block("squared", relu, results=["square"]))
    [forward] = definitions_in(boxed.fwd())
    [reverse] = definitions_in(boxed.rev())
    assert isinstance(forward, Named)
    assert isinstance(reverse, Named)
    assert forward.symbol() == "squared_forward"
    assert forward.results == ("square", "kept_0", "kept_1")
    assert reverse.arguments == ("kept_0", "kept_1", "weights", "x", "d_square")


def test_a_constant_that_both_sides_need_is_not_kept() -> None:
    half = op(Block("half", B.scale(0.5)(obj(T))))
    assert list(the_block(half).residual()) == []


def test_parameters_stay_outside() -> None:
    f = block("dense", DENSE)
    assert [x.name for x in f.H.x if isinstance(x, Parameter)] == ["weights", "bias"]
    assert (f.source, f.target) == (DENSE.source, DENSE.target)
    twice = block("twice", DENSE >> layers.dense(BATCH, THREE, THREE))
    assert the_block(twice).arguments == ("weights_0", "bias_0", "weights_1", "bias_1", "x")


def test_equal_blocks_are_one_label() -> None:
    f = layers.dense(BATCH, THREE, THREE)
    chain = block("dense", f) >> block("dense", layers.dense(BATCH, THREE, THREE))
    assert len({x for x in chain.H.x if isinstance(x, Block)}) == 1
    assert len(definitions_in(differentiate(factor_parameters(chain)[1]))) == 2


def test_blocks_are_pickled_without_what_holds_in_one_process() -> None:
    boxed = the_block(block("dense", DENSE))
    named = definitions_in(boxed.rev())[0]
    assert (hash(boxed), hash(named)) == (boxed._hash, named._hash)
    for label in boxed, named:
        copied = pickle.loads(pickle.dumps(label))
        assert copied == label
        kept = vars(copied).keys() - {"_depth"}  # which is counted anew
        assert kept == {"name", "program", "arguments", "results"}


def test_blocks_within_blocks() -> None:
    inner = block("inner", DENSE)
    outer = block("outer", inner >> layers.sigmoid(obj(T)))
    flat = expand(outer)
    assert not any(isinstance(x, Block) for x in flat.H.x)
    assert expand(flat) is flat
    p, d = factor_parameters(outer)
    _, plain = factor_parameters(DENSE >> layers.sigmoid(obj(T)))
    assert p.target == obj(FOUR + THREE, THREE)
    agree(differentiate(d), differentiate(plain))


def test_hardware_is_the_same_with_and_without_blocks() -> None:
    formats = Formats.uniform(12, 8, weights=Fixed(16, 12))
    built = [
        compile_hardware(model, layers.sgd(0.125), layers.mse, formats)
        for model in (DENSE, block("dense", DENSE))
    ]
    assert built[0].netlist == built[1].netlist


def test_bad_blocks_are_refused() -> None:
    with pytest.raises(CatgradError) as e:
        Block("dense", DENSE)
    assert str(e.value) == (
        "Block dense holds the parameter weights; make it with block('dense', f), "
        "which leaves parameters outside."
    )
    with pytest.raises(CatgradError) as e:
        block("my layer", DENSE)
    assert str(e.value) == (
        "'my layer' cannot name a function in generated source; use letters, digits and _."
    )
    with pytest.raises(CatgradError) as e:
        Block("two", op(B.Add(T)), arguments=("x",))
    assert str(e.value) == "two has 2 arguments, not 1 (x); name each of them, or none."
    with pytest.raises(CatgradError) as e:
        Block("two", op(B.Add(T)), results=("x", "y"))
    assert str(e.value) == "two has 1 result, not 2 (x, y); name each of them, or none."


def test_distinct_numbers_what_occurs_twice() -> None:
    assert distinct(["x", "y", "x"]) == ["x_0", "y", "x_1"]


def test_blocks_nested_deep() -> None:
    A = obj(NdArrayType((2,), Dtype.float32))
    f = B.negate(A)
    for _ in range(100):
        f = block("b", f) >> B.relu(A)
    compiled = compile_model(f, layers.sgd(0.1), layers.mse)[0]
    assert compiled().predict(np.array([-1, 2], np.float32))[0].tolist() == [1, 0]
    assert expand(f).H.X == 101
