"""Classes made from source: they run, check their arguments, and can be read."""

import ast
import traceback

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python import (
    Function,
    compile_class,
    to_python_class,
    to_python_class_ast,
    to_python_function,
    to_source,
)
from catgrad.target.python.array_backend import Numpy
from tests.target.interpreter import interpret
from tests.target.strategies import arguments, programs

F = NdArrayType((2, 3), Dtype.float32)
Q = NdArrayType((2, 3), Fixed(16, 12))
M = NdArrayType((2, 3), Dtype.int32)
B = NdArrayType((2, 3), Dtype.bool)

x, y = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)

add = {"predict": Function(op(ops.Add(F)), ["x", "y"], ["z"])}


def taking(T):
    """A class whose method `predict` takes one array `x`."""
    copy = OpenHypergraph.identity(obj(T))
    return to_python_class({"predict": Function(copy, ["x"])}, "Model")


def refused(call, *xs, **named):
    with pytest.raises(CatgradError) as caught:
        call(*xs, **named)
    return str(caught.value)


################################################################################
# Compiling


@settings(max_examples=50)
@given(data=st.data())
def test_a_compiled_program_runs(data):
    f = data.draw(programs())
    xs = data.draw(arguments(f))
    for expected, found in zip(interpret(f, xs), to_python_function(f)(*xs), strict=True):
        assert np.array_equal(expected, found)


def test_methods_belong_to_the_class_and_to_its_objects():
    Model = to_python_class(add, "Model")
    for model in Model, Model(), Model(Numpy), Model(backend=Numpy):
        [z] = model.predict(x, y)
        assert np.array_equal(z, x + 1)
    assert Model.__name__ == "Model"


def test_the_source_of_a_class_can_be_read_and_saved(tmp_path):
    Model = to_python_class(add, "Model")
    assert Model.source == to_source(add, "Model")
    path = tmp_path / "model.py"
    assert Model.save_source(path) == path
    assert path.read_text() == Model.source
    assert list(tmp_path.iterdir()) == [path]


def test_a_traceback_shows_the_source():
    Model = compile_class(to_source(add, "Model"))
    with pytest.raises(ValueError, match="broadcast") as caught:
        Model.predict(x, np.ones((5, 5)))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "z = x + y"


def test_the_syntax_tree_is_that_of_the_source():
    Model, tree = to_python_class(add, return_ast=True)
    assert Model.__name__ == "Dynamic"
    assert ast.dump(tree) == ast.dump(to_python_class_ast(add)) == ast.dump(ast.parse(Model.source))


def test_a_bare_program_is_a_function():
    double = op(ops.Copy(F)) >> op(ops.Add(F))
    [z] = to_python_function(double)(x)
    assert np.array_equal(z, 2 * x)


def test_numpy_dtypes():
    dtypes = [Numpy.dtype(d) for d in (Dtype.float32, Dtype.int32, Dtype.bool, Fixed(9, 3))]
    assert dtypes == [np.float32, np.int32, np.bool, np.int64]


################################################################################
# Arguments that will do


def test_arguments_by_name():
    Model = to_python_class({"predict": Function(op(ops.Subtract(F)), ["x", "y"])})
    for [z] in Model.predict(x, y=y), Model.predict(y=y, x=x):
        assert np.array_equal(z, x - y)


@pytest.mark.parametrize(
    ("T", "value"),
    [
        (F, x.tolist()),
        (F, x.astype(np.float64)),
        (F, x.astype(np.int8)),
        (M, x.astype(np.int64)),
        (M, [[1, 2, 3], [4, 5, 6]]),
        (B, x > 2),
        (Q, x.astype(np.uint8)),
        (Q, [[1, 2, 3], [4, 5, -6]]),
        (NdArrayType((), Dtype.float32), 0.5),
        (NdArrayType((0, 3), Q.dtype), np.zeros((0, 3))),
    ],
)
def test_what_numpy_can_convert_is_converted(T, value):
    [found] = taking(T).predict(value)
    assert found.dtype == Numpy.dtype(T.dtype)
    assert np.array_equal(found, value)


def test_an_array_of_the_right_type_is_not_copied():
    for T in F, M, B, Q:
        array = np.zeros(T.shape, Numpy.dtype(T.dtype))
        assert taking(T).predict(array)[0] is array


def test_the_bounds_of_a_format_belong_to_it():
    bounds = np.full((2, 3), Q.fixed.min), np.full((2, 3), Q.fixed.max)
    assert all(np.array_equal(taking(Q).predict(x)[0], x) for x in bounds)


def test_the_function_without_checks():
    Model = to_python_class({"predict": Function(op(ops.Negate(F)), ["x"])})
    assert np.isnan(Model.predict.__wrapped__(np.float32("nan"))[0])


################################################################################
# Arguments that will not


def test_a_wrong_shape():
    assert refused(taking(F).predict, np.zeros((3, 2), np.float32)) == (
        "predict: argument x has shape (3, 2), not (2, 3); pass an array of type float32[2, 3]."
    )


def test_ragged_rows():
    assert refused(taking(F).predict, [[1, 2, 3], [4]]) == (
        "predict: argument x is not an array, since its rows differ in length; "
        "pass an array of type float32[2, 3]."
    )


@pytest.mark.parametrize(
    ("T", "value", "message"),
    [
        (F, 1j * x, "complex64, which float32[2, 3] cannot hold; pass real numbers."),
        (F, x.astype(str), "<U32, which float32[2, 3] cannot hold; pass real numbers."),
        (M, x, "float32, which int32[2, 3] cannot hold; convert it to int32."),
        (B, x, "float32, which bool[2, 3] cannot hold; convert it to bool."),
        (
            Q,
            x,
            (
                "float32, which SQ(4,12)[2, 3] cannot hold; "
                "pass integer mantissas, as quantise_parameters and quantise_x make them."
            ),
        ),
    ],
)
def test_a_dtype_that_will_not_do(T, value, message):
    assert refused(taking(T).predict, value) == f"predict: argument x has dtype {message}"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(bad):
    value = x.copy()
    value[1, 2] = bad
    assert refused(taking(F).predict, value) == (
        f"predict: argument x is {bad} at index [1, 2]; pass finite numbers only."
    )


def test_numbers_that_overflow_float32():
    assert refused(taking(NdArrayType((), Dtype.float32)).predict, 1e300) == (
        "predict: argument x is 1e+300, which float32 does not reach; scale it first."
    )


def test_mantissas_out_of_range():
    value = np.zeros((2, 3), int)
    value[0, 1] = 32768
    assert refused(taking(Q).predict, value) == (
        "predict: argument x is 32768 at index [0, 1], outside SQ(4,12), which goes from -32768 "
        "to 32767; saturate it first."
    )


def test_integers_out_of_range():
    assert refused(taking(M).predict, np.full((2, 3), -(2**31) - 1)) == (
        "predict: argument x is -2147483649 at index [0, 0], outside int32, which goes from "
        "-2147483648 to 2147483647; scale it first."
    )


def test_too_few_arguments():
    assert refused(to_python_class(add).predict, x) == (
        "predict takes 2 arrays (x, y), not 1; pass these in this order."
    )


@pytest.mark.parametrize(
    ("xs", "named", "problem"),
    [
        ((x,), {"x": x}, "x was passed twice"),
        ((x,), {"z": y}, "z is unknown"),
        ((), {"x": x}, "y is missing"),
    ],
)
def test_names_that_do_not_fit(xs, named, problem):
    message = refused(to_python_class(add).predict, *xs, **named)
    assert message == f"predict: argument {problem}; pass x, y once each."


def test_functions_for_later_are_made_when_somebody_looks():
    made = []

    def later():
        made.append("twice")
        return Function(op(ops.Add(F)), ["x", "y"], ["z"])

    functions = {"once": Function(op(ops.Negate(F)), ["x"], ["y"])}
    Model, tree = to_python_class(functions, "Model", return_ast=True, later={"twice": later})
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(Model().once(x), [-x])
    assert not made
    assert np.array_equal(Model().twice(x, x), [x + x])
    assert np.array_equal(Model.twice(x, x), [x + x])
    assert "def once(x):" in Model.source
    assert "def twice(x, y):" in Model.source
    assert ast.unparse(tree) == ast.unparse(ast.parse(Model.source))
    assert made == ["twice"]
