"""Integers that a model is given: exact in fixed point, and refused where they name no row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catgrad import CatgradError, Dtype, Formats, NdArrayType, compile_hardware, layers, obj, op
from catgrad.bidirectional import operation as B
from catgrad.combinators import identity
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python.checks import ArgumentError
from sim import expected, random_samples, reference_trace, simulate
from tests.fixed.agreement import agree, start


def F(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def Z(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.int32)


def tokens(rows: int = 4) -> OpenHypergraph:
    """Two tokens, a dense layer, logits for four classes."""
    seen = layers.embedding(Z(2), rows, F(3))
    flat = seen >> op(B.Reshape(F(2, 3), F(1, 6)))
    return flat >> layers.dense(F(1), F(6), F(4), layers.relu)


def scattered() -> OpenHypergraph:
    rows = identity(obj(Z(3))) @ layers.linear(F(3), F(2), F(2))
    return rows >> op(B.ScatterAdd(F(4, 2), Z(3)))


def hot() -> OpenHypergraph:
    return op(B.OneHot(Z(2), 4, Dtype.float32)) >> layers.linear(F(2), F(4), F(2))


def converted() -> OpenHypergraph:
    """A real number that chooses a row."""
    chosen = B.clamp(0, 3)(obj(F(2))) >> B.convert(Dtype.int32)(obj(F(2)))
    return chosen >> layers.embedding(Z(2), 4, F(2))


def counted() -> OpenHypergraph:
    """Integers that are no indices, less 3 and as real numbers."""
    less = B.increment(-3)(obj(Z(1, 2)))
    return less >> B.convert(Dtype.float32)(obj(Z(1, 2))) >> layers.linear(F(1), F(2), F(2))


def switched() -> OpenHypergraph:
    """Bits that say which of the inputs count."""
    bits = NdArrayType((1, 2), Dtype.bool)
    numbers = B.convert(Dtype.float32)(obj(bits)) @ identity(obj(F(1, 2)))
    return numbers >> B.multiply(obj(F(1, 2))) >> layers.linear(F(1), F(2), F(2))


def shared() -> OpenHypergraph:
    """One index into two tables, the smaller of which bounds it."""
    both = layers.embedding(Z(2), 7, F(2)) @ layers.embedding(Z(2), 4, F(2))
    return B.copy(obj(Z(2))) >> both >> B.add(obj(F(2, 2)))


MODELS = {
    "tokens": (tokens(), ["UQ(2,0)[2]"]),
    "scattered": (scattered(), ["UQ(2,0)[3]", "SQ(4,12)[3, 2]"]),
    "hot": (hot(), ["UQ(2,0)[2]"]),
    "converted": (converted(), ["SQ(4,12)[2]"]),
    "counted": (counted(), ["SQ(32,0)[1, 2]"]),
    "switched": (switched(), ["UQ(1,0)[1, 2]", "SQ(4,12)[1, 2]"]),
    "shared": (shared(), ["UQ(2,0)[2]"]),
}
FORMATS = Formats.uniform(16, 12)


def hardware(model: OpenHypergraph, loss=layers.mse) -> Hardware:
    return compile_hardware(model, layers.sgd(2**-3), loss, FORMATS)


@pytest.mark.parametrize("name", MODELS)
def test_integers_are_exact_and_all_evaluators_agree(name: str) -> None:
    model, formats = MODELS[name]
    learner = hardware(model)
    assert [str(T) for T in learner.x_types] == formats
    agree(learner)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy_labels"])
@pytest.mark.parametrize("evaluator", ["amaranth", "icarus"])
def test_tokens_in_a_simulator(evaluator: str, loss: str, tmp_path: Path) -> None:
    learner = hardware(tokens(), getattr(layers, loss))
    samples, parameters = random_samples(learner.netlist, 6), start(learner)
    trace = simulate(learner.component(parameters), samples, evaluator, directory=tmp_path)
    assert trace.compare(reference_trace(learner, samples, parameters)) > 0


def test_integers_learn_what_the_named_rows_say() -> None:
    learner = hardware(layers.embedding(Z(2), 5, F(2)))
    [table] = learner.quantise_parameters([np.arange(10).reshape(5, 2) / 8])
    [x] = learner.quantise_x([4, 4])
    np.testing.assert_array_equal(learner.reference.predict(table, x)[0], table[[4, 4]])
    [y] = learner.quantise_y(np.zeros((2, 2)))
    [after] = learner.reference.step(table, x, y)
    np.testing.assert_array_equal(after, np.vstack([table[:4], table[4:] - 2 * table[4:] // 8]))


def test_an_index_that_names_no_row() -> None:
    """Refused by what takes real numbers and by the reference; zeros in hardware, unlearned."""
    learner = hardware(layers.embedding(Z(2), 5, F(2)))
    [table] = learner.quantise_parameters([np.ones((5, 2))])
    y = np.zeros((2, 2), int)
    for wrong, shown in ((5, "5"), (-1, "-1"), (1.5, "1.5")):
        with pytest.raises(CatgradError) as error:
            learner.quantise_x([0, wrong])
        assert str(error.value) == (
            f"x is {shown} at index [1], which names none of 5 rows; give integers from 0 to 4."
        )
    with pytest.raises(ArgumentError) as refused:
        learner.reference.step(table, [0, 5], y)
    assert str(refused.value) == (
        "step: argument x is 5 at index [1], outside its range of indices, which goes from 0 to "
        "4; correct it first."
    )
    with pytest.raises(ArgumentError) as unnamed:
        learner.reference.predict(table, x=[7, 0])
    assert str(unnamed.value) == (
        "predict: argument x is 7 at index [0], outside its range of indices, which goes from 0 "
        "to 4; correct it first."
    )
    assert "// An index that names no row reads zeros, and changes none;" in learner.verilog()
    samples = random_samples(learner.netlist, 1)
    samples = replace(samples, x=np.array([[5, 7]]), train=np.ones(1, dtype=bool))
    trace = expected(learner.netlist, samples, table.ravel().tolist())
    assert not trace.predictions.any()
    np.testing.assert_array_equal(trace.parameters[0], table.ravel())


def test_a_fraction_for_an_integer_is_refused() -> None:
    learner = hardware(counted())
    with pytest.raises(CatgradError) as error:
        learner.quantise_x([[2, 3.25]])
    assert str(error.value) == (
        "x is 3.25 at index [0, 1], but the model takes integers there; round it first."
    )
    [x] = learner.quantise_x([[2.0, -3]])
    np.testing.assert_array_equal(x, [[2, -3]])
    bits = hardware(switched())
    assert bits.quantise_x([[True, False]], [[0.5, 1]])[0].tolist() == [[1, 0]]


def test_labels_that_name_no_class() -> None:
    learner = hardware(layers.linear(F(1), F(2), F(3)), layers.cross_entropy_labels)
    w, x = np.zeros((2, 3), int), np.ones((1, 2), int)
    with pytest.raises(CatgradError) as error:
        learner.quantise_y([3])
    assert str(error.value) == (
        "y is 3 at index [0], which names none of 3 rows; give integers from 0 to 2."
    )
    with pytest.raises(ArgumentError) as refused:
        learner.reference.step(w, x, [3])
    assert str(refused.value) == (
        "step: argument y is 3 at index [0], outside its range of indices, which goes from 0 to "
        "2; correct it first."
    )


def test_integer_parameters_are_refused() -> None:
    with pytest.raises(CatgradError) as error:
        hardware(layers.bias(Z(2)))
    assert str(error.value) == (
        "The model has a parameter of type int32[2], but compile_hardware quantises those of "
        "floating-point dtypes; write it in Dtype.float32."
    )
