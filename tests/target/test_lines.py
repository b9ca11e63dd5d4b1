"""Lines of a body: none in vain, and memory that is reused only where nobody can tell."""

import numpy as np
import pytest

from catgrad.core.types import Dtype, NdArrayType
from catgrad.target.python.code import Code, call, infix, view
from catgrad.target.python.lines import Line, augmented, reusing_memory, without_unread

LARGE, SMALL = NdArrayType((64, 64), Dtype.float32), NdArrayType((2,), Dtype.float32)
x, y, a, b = (Code(name) for name in "xyab")


def line(name, code, T=LARGE):
    return Line((name,), code, T)


def texts(lines):
    return [str(line) for line in lines]


def test_what_no_result_needs_is_left_out():
    lines = [line("a", infix("+", x, y)), line("b", infix("-", x, y)), line("c", call("np.exp", a))]
    assert texts(without_unread(lines, ["c"])) == ["a = x + y", "c = np.exp(a)"]


def test_a_large_array_makes_room_for_its_successor():
    lines = [line("a", infix("+", x, y)), line("b", call("np.exp", a))]
    assert texts(reusing_memory(lines, ["b"])) == ["a = x + y", "b = np.exp(a, out=a)"]


def test_small_arrays_are_not_worth_it():
    lines = [line("a", infix("+", x, y), SMALL), line("b", call("np.exp", a), SMALL)]
    assert reusing_memory(lines, ["b"]) == lines


@pytest.mark.parametrize(
    ("lines", "results"),
    [
        pytest.param([line("b", call("np.exp", x))], ["b"], id="an argument"),
        pytest.param(
            [line("a", infix("+", x, y)), line("b", call("np.exp", a))], ["a", "b"], id="a result"
        ),
        pytest.param(
            [
                line("a", infix("+", x, y)),
                Line(("v",), view(a, ".T"), None),
                line("b", call("np.exp", a)),
                line("c", infix("*", b, Code("v"))),
            ],
            ["c"],
            id="an array of which a view is read later",
        ),
        pytest.param(
            [Line(("a",), call("f", x), LARGE), line("b", call("np.exp", a))],
            ["b"],
            id="what a function returns, which may be its argument",
        ),
        pytest.param(
            [line("a", infix("+", x, y), SMALL), line("b", infix("*", a, x))],
            ["b"],
            id="an array of another shape",
        ),
    ],
)
def test_what_somebody_may_still_read_is_kept(lines, results):
    text = "\n".join(texts(reusing_memory(lines, results)))
    assert "out=a" not in text
    assert "out=x" not in text


def test_numbers_stay_the_same():
    lines = [
        line("a", infix("+", x, y)),
        line("b", infix("-", y, a)),
        line("c", infix("*", b, view(b, ".T"))),
        line("d", call("np.maximum", Code("c"), "0")),
    ]
    written = reusing_memory(lines, ["d"])
    assert texts(written)[1:] == [
        "b = np.subtract(y, a, out=a)",
        "c = np.multiply(b, b.T, out=b)",
        "d = np.maximum(c, 0, out=c)",
    ]
    results = []
    for body in (lines, written):
        names = {"np": np, "x": np.arange(4096.0).reshape(64, 64) % 7, "y": np.eye(64)}
        for text in texts(body):
            exec(text, names)
        results.append(names["d"])
    assert np.array_equal(*results)


def in_place(*written, results, arguments=(), is_method=False):
    lines, results = augmented(reusing_memory(written, results), results, arguments, is_method)
    return [*texts(lines), *results]


def test_what_an_operator_writes_over_its_operand_is_an_augmented_assignment():
    c = Code("c")
    written = [
        line("a", infix("+", x, y)),
        line("b", infix("*", y, a)),
        line("c", infix("-", b, infix("@", x, y))),
        line("d", call("np.exp", c)),
        line("e", infix("/", Code("d"), b._replace(text="x"))),
    ]
    assert in_place(*written, results=["e"]) == [
        "a = x + y",
        "a *= y",
        "a -= x @ y",
        "e = np.exp(a, out=a)",
        "e /= x",
        "e",
    ]


def test_what_is_subtracted_from_another_array_is_not():
    written = [line("a", infix("+", x, y)), line("b", infix("-", y, a))]
    assert in_place(*written, results=["b"]) == ["a = x + y", "b = np.subtract(y, a, out=a)", "b"]


def test_what_is_read_is_not_called_what_a_method_makes_of_it():
    g = Code("gradients")
    written = [
        line("gradients", infix("+", x, y)),
        line("v", infix("+", y, g)),
        line("g_2", infix("*", g, g)),
        line("new_square", infix("+", Code("g_2"), y)),
    ]
    assert in_place(*written, results=["v", "new_square"], is_method=True) == [
        "gradients = x + y",
        "v = y + gradients",
        "new_square = np.multiply(gradients, gradients, out=gradients)",
        "new_square += y",
        *("v", "new_square"),
    ]
    assert in_place(*written, results=["v", "new_square"])[0] == "new_square = x + y"


def test_a_number_at_the_end_of_a_name_goes_where_the_name_is_free():
    written = [line("a", infix("+", x, y)), line("a_2", infix("*", a, y))]
    assert in_place(*written, results=["a_2"]) == ["a = x + y", "a *= y", "a"]


def test_names_of_parameters_and_texts_in_quotes_are_left_alone():
    axis = Code("axis")
    written = [
        line("a", call("np.einsum", '"axis->axis"', x, "axis=0")),
        line("axis", infix("+", a, y)),
        line("b", infix("*", axis, y)),
    ]
    assert in_place(*written, results=["b"]) == [
        'a = np.einsum("axis->axis", x, axis=0)',
        "b = a + y",
        "b *= y",
        "b",
    ]
