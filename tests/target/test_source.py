"""Generated source means what its program means, and reads as a person would have written it."""

import ast
import keyword
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from catgrad import layers
from catgrad.combinators import identity, keep_outputs
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.learner import gradients, learner, predict, step
from catgrad.special.definition import Definition
from catgrad.special.parameter import Parameter
from catgrad.target.python import Function, to_source
from tests.target.interpreter import interpret
from tests.target.strategies import Doubled, Summed, arguments, programs

F = NdArrayType((2, 3), Dtype.float32)
Q = NdArrayType((2, 3), Fixed(8, 4))

names = st.sampled_from(
    ["x", "y", "weights", "lambda", "np", "input", "saturate", "Model", "total"]
)


@st.composite
def functions(draw):
    """A program with names, some of which clash."""
    f = draw(programs())
    n, m = len(f.s), len(f.t)
    given_names = draw(st.lists(names, min_size=n, max_size=n) | st.just([]))
    results = draw(st.lists(names, min_size=m, max_size=m) | st.just([]))
    return Function(f, given_names, results, draw(st.sets(names, max_size=2)))


def run(source, name, xs):
    """A method of generated source, in a namespace that holds nothing but the source."""
    namespace = {}
    exec(compile(source, name, "exec"), namespace)
    return getattr(namespace["Model"], name)(*xs)


################################################################################
# Laws


@settings(max_examples=300)
@given(data=st.data())
def test_source_means_what_the_program_means(data):
    f = data.draw(functions())
    xs = data.draw(arguments(f.program))
    source = to_source({"run": f})
    note(source)
    found = run(source, "run", xs)
    assert isinstance(found, list)
    for T, x, expected in zip(f.program.target, found, interpret(f.program, xs), strict=True):
        dtype = np.int64 if isinstance(T.dtype, Fixed) else np.dtype(str(T.dtype))
        assert np.asarray(x).dtype == dtype
        assert np.shape(x) == T.shape
        assert np.array_equal(expected, x)


@given(functions())
def test_source_is_static_and_tidy(f):
    source = to_source({"run": f})
    note(source)
    tree = ast.parse(source)
    assert all(len(line) <= 100 and line == line.rstrip() for line in source.splitlines())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"] * ("np." in source)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            stored = [
                node.id
                for node in ast.walk(function)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
            stored += [argument.arg for argument in function.args.args]
            assert max(Counter(stored).values(), default=1) == 1
            assert not any(keyword.iskeyword(name) or name == "np" for name in stored)
            read = {
                node.id
                for node in ast.walk(function)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
            # Nothing is computed in vain, but for the parts of a result that comes in parts.
            arguments_of = {argument.arg for argument in function.args.args}
            unpacked = {
                name.id
                for node in ast.walk(function)
                if isinstance(node, ast.Tuple)
                for name in node.elts
                if isinstance(name, ast.Name)
            }
            assert set(stored) - arguments_of - unpacked <= read


@given(functions())
def test_source_is_a_function_of_the_program(f):
    assert to_source({"run": f}) == to_source({"run": f})


################################################################################
# Examples


def body(f, arguments=(), results=(), seeds=()):
    """The lines of the one method of a class, without its docstring."""
    source = to_source({"run": Function(f, arguments, results, seeds)})
    [method] = ast.parse(source).body[-1].body
    lines = source.splitlines()[method.body[0].end_lineno :]
    return [line.strip() for line in lines]


def learning(model):
    """The functions that a learner is compiled to."""
    compiled = learner(model, layers.sgd(0.0001), layers.mse)
    p = compiled.parameter_names
    news, changes = [f"new_{name}" for name in p], [f"d_{name}" for name in (*p, "x")]
    return {
        "predict": Function(predict(compiled), [*p, "x"], ["prediction"]),
        "step": Function(step(compiled), [*p, "x", "y"], news, ["y"]),
        "rev": Function(gradients(compiled), [*p, "x", "dy"], changes, ["dy"]),
    }


BATCH, IN, HIDDEN, OUT = (NdArrayType((n,), Dtype.float32) for n in (150, 4, 8, 3))


def test_a_linear_model(golden):
    golden("linear.txt", to_source(learning(layers.linear(BATCH, IN, OUT)), "Linear"))


def test_a_network(golden):
    hidden = layers.dense(BATCH, IN, HIDDEN, layers.relu)
    network = hidden >> layers.dense(BATCH, HIDDEN, OUT, layers.sigmoid)
    golden("network.txt", to_source(learning(network), "Network"))


def one_line(operation, text):
    return pytest.param(operation, text, id=type(operation).__name__)


N, A, B, C = (NdArrayType((n,), Dtype.float32) for n in (5, 2, 3, 4))
NONE, CUBE = NdArrayType((), Dtype.float32), NdArrayType((2, 3, 4), Dtype.float32)
INTS, BOOLS = F.with_dtype(Dtype.int32), F.with_dtype(Dtype.bool)


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        one_line(ops.Add(F), "x + y"),
        one_line(ops.Subtract(F), "x - y"),
        one_line(ops.Multiply(F), "x * y"),
        one_line(ops.Divide(F), "x / y"),
        one_line(ops.Power(F), "x ** y"),
        one_line(ops.Gt(F), "(x > y).astype(np.float32)"),
        one_line(ops.Mask(F), "x * y"),
        one_line(ops.Negate(F), "-x"),
        one_line(ops.Invert(INTS), "~x"),
        one_line(ops.Constant(F, 0.5), "np.full((2, 3), 0.5, np.float32)"),
        one_line(ops.Broadcast(B, A), "np.broadcast_to(x, (2, 3))"),
        one_line(ops.NCopy(A, B), "np.broadcast_to(x[:, None], (2, 3))"),
        one_line(ops.Sum(B, A), "x.sum(axis=0)"),
        one_line(ops.Sum(NONE, F), "x.sum()"),
        one_line(ops.NAdd(A, B + 4), "x.sum(axis=(-2, -1))"),
        one_line(ops.NMax(A, B), "x.max(axis=-1)"),
        one_line(ops.Sum(NONE.with_dtype(Dtype.int32), INTS), "x.sum(dtype=np.int32)"),
        one_line(ops.Sum(B.with_dtype(Dtype.bool), A), "x.any(axis=0)"),
        one_line(ops.NConcatenate(A, 2), "np.stack([x, y], axis=-1)"),
        one_line(ops.Reshape(F, NdArrayType((6,), F.dtype)), "x.reshape(6)"),
        one_line(ops.Permute(F, (1, 0)), "x.T"),
        one_line(ops.Permute(CUBE, (0, 2, 1)), "x.transpose(0, 2, 1)"),
        one_line(ops.MatrixMultiply(N, A, B, C), "x @ y"),
        one_line(ops.Compose(A, B, C), "x @ y"),
        one_line(ops.Compose(A + 5, B, NONE), "(x.reshape(10, 3) @ y).reshape(2, 5)"),
        one_line(ops.Compose(A, B, C + 5), "(x @ y.reshape(3, 20)).reshape(2, 4, 5)"),
        one_line(ops.Compose(A, B + 5, C), "x.reshape(2, 15) @ y.reshape(15, 4)"),
        one_line(ops.Compose(A, NONE, B), "x[:, None] * y"),
        one_line(ops.Compose(A, NONE, B + 2), "np.multiply.outer(x, y)"),
        one_line(ops.Add(BOOLS), "x | y"),
        one_line(ops.Multiply(BOOLS), "x & y"),
        one_line(ops.Mask(BOOLS), "x & y"),
        one_line(ops.Gt(BOOLS), "x > y"),
        one_line(ops.Gt(INTS), "(x > y).astype(np.int32)"),
        one_line(Doubled(F), "x + x"),
    ],
)
def test_how_an_operation_is_written(operation, text):
    f = op(operation)
    [line, _] = body(f, ["x", "y"][: len(f.s)], ["z"])
    assert line == f"z = {text}"


def test_parts_are_views():
    assert body(op(ops.NSplit(A, 2)), ["x"], ["a", "b"]) == [
        "a = x[..., 0]",
        "b = x[..., 1]",
        "return [a, b]",
    ]


def test_numpy_broadcasts_what_the_program_repeats():
    f = (op(ops.Broadcast(B, A)) @ op(ops.NCopy(A, B))) >> op(ops.Add(F))
    assert body(f, ["x", "y"], ["z"]) == ["z = x + y[:, None]", "return [z]"]


def test_constants_are_numbers():
    f = (op(ops.Constant(F, 2)) @ identity(obj(F))) >> op(ops.Multiply(F))
    assert body(f, ["x"], ["y"]) == ["y = 2 * x", "return [y]"]


def test_a_definition_used_twice_is_a_function_above_the_class():
    source = to_source({"run": Function(layers.sigmoid(obj(F, F)), ["a", "b"], ["c", "d"])})
    assert "\n\ndef sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n\n" in source
    assert "        c = sigmoid(a)\n        d = sigmoid(b)\n" in source


def test_a_definition_used_once_is_expanded():
    assert body(op(Doubled(F)), ["x"], ["y"]) == ["y = x + x", "return [y]"]


def test_a_mask_by_its_own_sign_is_a_maximum():
    assert body(layers.relu(obj(F)).H.x[0].to_core(), ["x"], ["y"]) == [
        "y = np.maximum(x, 0)",
        "return [y]",
    ]


def test_long_expressions_are_taken_apart():
    a, b = (f"quite_a_long_name_for_an_array_{i}" for i in range(2))
    f = (op(ops.Add(F)) @ op(ops.Subtract(F))) >> op(ops.Multiply(F))
    assert body(f, [a, b, a, b], ["product"]) == [
        f"total_1 = {a}_1 + {b}_1",
        f"difference_2 = {a}_2 - {b}_2",
        "product = total_1 * difference_2",
        "return [product]",
    ]


def test_what_several_read_has_a_name():
    f = op(ops.Negate(F)) >> op(ops.Copy(F)) >> op(ops.Multiply(F))
    assert body(f, ["x"], ["y"]) == ["negative = -x", "y = negative * negative", "return [y]"]


def test_an_argument_may_be_a_result_and_a_result_may_be_there_twice():
    swap = OpenHypergraph.spider(
        FiniteFunction.of([0, 1], 2), FiniteFunction.of([1, 0, 1], 2), obj(F, F)
    )
    assert body(swap, ["x", "y"]) == ["return [y, x, y.copy()]"]


def test_definitions_of_all_shapes_are_one_function():
    f = layers.sigmoid(obj(A)) @ layers.sigmoid(obj(F))
    assert to_source({"run": f}).count("def sigmoid") == 1


@dataclass(frozen=True)
class Flat(Definition):
    """The same numbers along one axis."""

    T: NdArrayType

    def arrow(self):
        flat = ops.Reshape(self.T, NdArrayType((self.T.size,), self.T.dtype))
        return op(ops.Negate(self.T)) >> op(flat)


def test_definitions_that_depend_on_the_shape_are_apart():
    source = to_source({"run": op(Flat(F)) @ op(Flat(F + 2))})
    assert "def flat(x):\n    negative = -x\n    return negative.reshape(6)\n" in source
    assert "def flat_2(x):\n    negative = -x\n    return negative.reshape(12)\n" in source


def test_a_definition_with_several_results_is_unpacked():
    assert body(op(Summed(F)) @ op(Summed(F)), ["x", "y"], ["a", "b", "c", "d"]) == [
        "a, b = summed(x)",
        "c, d = summed(y)",
        "return [a, b, c, d]",
    ]


def test_what_no_call_asks_for_is_not_computed():
    totals = keep_outputs(op(Summed(F)) @ op(Summed(F)), [0, 2])
    source = to_source({"run": Function(totals, ["x", "y"], ["a", "b"])})
    assert "def summed(x):\n    return (x + x).sum()\n" in source
    assert "a = summed(x)\n        b = summed(y)\n" in source


def test_what_depends_on_no_argument_is_made_once_for_all_calls():
    positions = op(ops.Iota(F, 1)) @ identity(obj(F))
    source = to_source({"run": Function(positions >> op(ops.Multiply(F)), ["x"], ["y"])})
    assert "\n\nPOSITIONS = np.arange(3, dtype=np.float32)\n\n" in source
    assert "        y = POSITIONS * x\n" in source


def test_large_sums_are_products():
    T, N = NdArrayType((64,), Dtype.float32), NdArrayType((100,), Dtype.float32)
    source = to_source({"run": Function(op(ops.Sum(T, N)), ["x"], ["y"])})
    assert "ONES_100 = np.ones(100, np.float32)\n" in source
    assert "        y = ONES_100 @ x\n" in source


def test_memory_of_large_arrays_is_kept():
    large = NdArrayType((256, 256), Dtype.float32)
    assert "np.empty(31 * 2**20, np.uint8)\n" in to_source({"run": op(ops.Negate(large))})
    assert "np.empty" not in to_source({"run": op(ops.Negate(F))})


def test_a_matrix_of_windows_is_copied_once():
    windows = op(ops.Window(NdArrayType((9, 2), Dtype.float32), 0, 3)) >> op(
        ops.Permute(NdArrayType((7, 2, 3), Dtype.float32), (0, 2, 1))
    )
    K, W, C = (NdArrayType(s, Dtype.float32) for s in ((7,), (3, 2), (4,)))
    f = windows @ identity(obj(W + C)) >> op(ops.Compose(K, W, C))
    lines = body(f, ["x", "kernel"], ["y"])
    assert lines == [
        "windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=0)",
        "rows = windows.transpose(0, 2, 1).reshape(7, 6)",
        "y = rows @ kernel.reshape(6, 4)",
        "return [y]",
    ]


def test_without_names_arguments_are_numbered():
    assert body(op(ops.Add(F))) == ["total = x0 + x1", "return [total]"]


def test_names_that_python_reserves_are_marked():
    assert body(op(ops.Add(F)), ["lambda", "np"], ["class"]) == [
        "class_ = lambda_ + np_",
        "return [class_]",
    ]


################################################################################
# Errors


def refused(f, **options):
    with pytest.raises(CatgradError) as caught:
        to_source({"run": f}, **options)
    return str(caught.value)


def test_what_numpy_has_no_word_for():
    assert refused(op(Parameter(F))) == (
        "run: Parameter has no form in NumPy; lower the program to core operations first."
    )


@pytest.mark.parametrize("operation", [ops.Subtract(BOOLS), ops.Negate(BOOLS)])
def test_booleans_have_no_negatives(operation):
    assert refused(op(operation)) == (
        f"run: NumPy has no {type(operation).__name__} on bool[2, 3]; use int32, or Add and Invert."
    )


def test_a_name_that_is_none():
    message = (
        "'my weights' is not a name that Python accepts; use letters, digits and underscores, "
        "and do not begin with a digit."
    )
    assert refused(Function(op(ops.Negate(F)), ["my weights"])) == message
    assert refused(op(ops.Negate(F)), class_name="my weights") == message


def test_too_few_names():
    assert refused(Function(op(ops.Add(F)), ["x"])) == (
        "run: the program has 2 arguments, but 1 names were given for them (x); "
        "give one name for each."
    )


def test_a_private_function():
    with pytest.raises(CatgradError) as caught:
        to_source({"_run": op(ops.Negate(F))})
    assert str(caught.value) == (
        "A function cannot be called '_run', since names that begin with an underscore are "
        "private; choose another name."
    )
