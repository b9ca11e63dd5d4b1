"""Text of expressions: what it means to Python is what it was built from."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.target.python.code import LEVELS, Code, call, infix, literal, method, prefix, view
from catgrad.target.python.names import snake_case
from catgrad.target.python.text import WIDTH, indented

NAMES = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "@": "matmul",
    "**": "pow",
    "<<": "lshift",
    ">>": "rshift",
    "&": "and",
    "|": "or",
    ">": "gt",
    ">=": "ge",
    "<": "lt",
    "<=": "le",
    "==": "eq",
    "!=": "ne",
}
MEANINGS = {
    symbol: getattr(operator, name + "_" * (name in ("and", "or")))
    for symbol, name in NAMES.items()
}


class Term(tuple):
    """A value that remembers how it was computed."""

    __hash__ = tuple.__hash__

    def __neg__(self):
        return Term(("neg", self))

    def __invert__(self):
        return Term(("not", self))

    def f(self, *arguments):
        return Term(("f", self, *arguments))

    T = property(lambda self: Term(("T", self)))


def remember(symbol):
    return lambda a, b: Term((symbol, a, b))


for symbol, name in NAMES.items():
    setattr(Term, f"__{name}__", remember(symbol))

VALUES = {name: Term((name,)) for name in "xyz"}

leaves = st.sampled_from(sorted(VALUES)).map(lambda name: (Code(name), VALUES[name]))


def two(symbol, a, b):
    return infix(symbol, a[0], b[0]), MEANINGS[symbol](a[1], b[1])


ONE = [
    lambda a: (prefix("-", a[0]), -a[1]),
    lambda a: (prefix("~", a[0]), ~a[1]),
    lambda a: (view(a[0], ".T"), a[1].T),
    lambda a: (method(a[0], "f", "x"), a[1].f(VALUES["x"])),
]


def larger(expressions):
    pairs = st.builds(two, st.sampled_from(sorted(LEVELS)), expressions, expressions)
    return pairs | pairs | st.builds(lambda wrap, a: wrap(a), st.sampled_from(ONE), expressions)


def check(expression):
    code, value = expression
    # Terms have an `==` of their own.
    assert repr(eval(code.text, dict(VALUES))) == repr(value)


@given(st.recursive(leaves, larger, max_leaves=12))
def test_python_reads_an_expression_as_it_was_built(expression):
    check(expression)


@pytest.mark.parametrize("outer", LEVELS)
@pytest.mark.parametrize("inner", LEVELS)
def test_python_reads_one_operator_inside_another(outer, inner):
    x, y, z = ((Code(name), value) for name, value in VALUES.items())
    check(two(outer, two(inner, x, y), z))
    check(two(outer, x, two(inner, y, z)))


@pytest.mark.parametrize("symbol", LEVELS)
def test_python_reads_operators_of_one_operand(symbol):
    x, y, _ = ((Code(name), value) for name, value in VALUES.items())
    for wrap in ONE:
        check(wrap(two(symbol, x, y)))
        check(two(symbol, wrap(x), y))
        check(two(symbol, x, wrap(y)))


@pytest.mark.parametrize("x", [0, 1, -3, 0.5, 1e-9, -2.25, 123456.0, 1e20, True])
def test_a_literal_is_its_number(x):
    assert eval(literal(x).text) == x


def test_shifts_stand_apart_from_sums():
    x, y = Code("x"), Code("y")
    assert infix("+", infix("<<", x, literal(4)), y).text == "(x << 4) + y"
    assert infix(">>", infix("+", x, y), literal(4)).text == "(x + y) >> 4"


def test_operations_are_counted():
    x = Code("x")
    assert [code.operations for code in (x, view(x, ".T"), prefix("-", x))] == [0, 0, 1]
    assert infix("+", call("np.exp", x), method(x, "sum")).operations == 3


@given(st.lists(st.text("abcxyz", min_size=1, max_size=30), min_size=1, max_size=40))
def test_long_lines_are_broken_and_mean_the_same(names):
    line = f"z = f([{', '.join(map(repr, names))}], axis=-1)"
    broken = indented([line], 4)
    assert all(len(part) <= WIDTH for part in broken)
    found = {"f": lambda xs, axis: (xs, axis)}
    exec("\n".join(part.removeprefix("    ") for part in broken), found)
    assert found["z"] == (names, -1)


def test_a_long_line_without_brackets_gets_some():
    name = "quite_a_long_name_for_an_array_that_lives_shortly"
    assert indented([f"z = {name} + {name}  # SQ(4,12)"], 0) == [
        "z = (",
        f"    {name}",
        f"    + {name}",
        ")  # SQ(4,12)",
    ]


def test_subscripts_and_shapes_stay_in_one_line():
    name = "an_array_whose_name_is_rather_long"
    shaped = f"{name}.reshape(64, 8, 4, 2, 8).transpose(0, 1, 2, 4, 3)"
    assert indented([f"larger = {shaped}[..., 0] >= {shaped}[..., 1]"], 0) == [
        "larger = (",
        f"    {shaped}[..., 0]",
        f"    >= {shaped}[..., 1]",
        ")",
    ]
    assert indented([f"y = np.broadcast_to({shaped}, (64, 4, 2, 4, 2, 8)).reshape(64, 64)"], 0) == [
        "y = np.broadcast_to(",
        f"    {shaped},",
        "    (64, 4, 2, 4, 2, 8)",
        ").reshape(64, 64)",
    ]


def test_names_in_snake_case():
    assert snake_case("BatchNorm 2d") == "batch_norm_2d"
