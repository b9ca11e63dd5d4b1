"""Programs in the language of catgrad 0.2.2, which run on it and on this catgrad alike.

``python programs.py results.npz`` runs all of them and saves what they compute.
"""

import ast
import sys
from dataclasses import dataclass

import numpy as np

from catgrad import Dtype, NdArrayType, compile_model, layers, obj
from catgrad.bidirectional import operation as rd
from catgrad.bidirectional.functor import Bidirectional, Forget
from catgrad.bidirectional.operation import Lens, add, copy, multiply, negate
from catgrad.combinators import canonical, identity, permutation, transpose, twist, unit
from catgrad.compile import rdiff
from catgrad.core import operation as ops
from catgrad.signature import op, singleton
from catgrad.special.definition import Definition, inline
from catgrad.special.parameter import Parameter, factor_parameters, parameter
from catgrad.target.python import to_python_class, to_python_class_ast, to_python_function
from catgrad.target.python.array_backend import Numpy
from catgrad.target.python.special import IdentityPythonOp, PythonOp

F = Forget()
B = Bidirectional()

f32, i32 = Dtype.float32, Dtype.int32


def T(*shape, dtype=f32):
    return NdArrayType(shape, dtype)


def draw(types, seed=0):
    """Arrays of these types, numbers between 1 and 8: every operation is defined on them."""
    random = np.random.default_rng(seed)
    return [random.uniform(1, 8, t.shape).astype(Numpy.dtype(t.dtype)) for t in types]


def run(f, seed=0):
    """What a program of C computes."""
    return to_python_function(f)(*draw(f.source, seed))


################################################################################
# The iris example: 150 samples at once

BATCH, INPUT, HIDDEN, OUTPUT = T(150), T(4), T(20), T(3)


def flowers():
    random = np.random.default_rng(1)
    species = np.repeat(np.arange(3), 50)
    x = random.normal(size=(3, 4))[species] * 2 + random.normal(size=(150, 4)) * 0.3 + 3
    return x.astype(np.float32), np.identity(3, dtype=np.float32)[species]


def trained(model, rate, steps=10):
    """Predictions and parameters after some steps of learning, and the derivatives then."""
    CompiledModel, ParamType, _ = compile_model(model, layers.sgd(rate), layers.mse)
    compiled = CompiledModel(Numpy)
    random = np.random.default_rng(2)
    p = [random.normal(0, 0.01, t.shape).astype(Numpy.dtype(t.dtype)) for t in ParamType]
    x, y = flowers()
    for _ in range(steps):
        p = compiled.step(*p, x, y)
    return [
        *p,
        *compiled.predict(*p, x),
        *compiled.rev(*p, x, y),
        *compiled.rev_p(*p, x, y),
    ]


def iris_linear():
    return trained(layers.linear(BATCH, INPUT, OUTPUT), 0.0001)


def iris_simple():
    return trained(layers.linear(BATCH, INPUT, OUTPUT) >> layers.sigmoid(obj(BATCH + OUTPUT)), 0.01)


def derivatives(model):
    """Predictions and derivatives where every sample has the same bias.

    A bias may have the batch dimension; its derivative is then added up over the batch.
    """
    CompiledModel, ParamType, _ = compile_model(model, layers.sgd(0.01), layers.mse)
    compiled = CompiledModel(Numpy)
    random = np.random.default_rng(2)

    def is_bias(shape):
        return len(shape) == 1 or shape[0] == 150

    p = []
    for t in ParamType:
        drawn = random.normal(0, 0.1, t.shape[-1:] if is_bias(t.shape) else t.shape)
        p.append(np.broadcast_to(drawn, t.shape).astype(Numpy.dtype(t.dtype)))
    x, y = flowers()
    changes = compiled.rev(*p, x, y)
    return [
        *compiled.predict(*p, x),
        *(d.sum(axis=0) if is_bias(d.shape) and d.ndim == 2 else d for d in changes[: len(p)]),
        changes[-1],
    ]


def iris_dense():
    return derivatives(layers.dense(BATCH, INPUT, OUTPUT, activation=layers.sigmoid))


def iris_hidden():
    return derivatives(
        layers.dense(BATCH, INPUT, HIDDEN, activation=layers.sigmoid)
        >> layers.dense(BATCH, HIDDEN, OUTPUT, activation=layers.sigmoid)
    )


def a_bias_for_each_sample():
    """`layers.dense` as it was in 0.2.2, spelled out: it can be trained to the same parameters."""
    linear = layers.linear(BATCH, INPUT, OUTPUT)
    return trained(linear >> layers.bias(BATCH + OUTPUT) >> rd.sigmoid(obj(BATCH + OUTPUT)), 0.01)


def linear_regression():
    """y = 0 a + b + 2 c + 3 d."""
    random = np.random.default_rng(1337)
    x = random.uniform(-128, 128, (100, 4)).astype(np.float32)
    weights = np.arange(4, dtype=np.float32).reshape(4, 1)
    model = layers.linear(T(100), T(4), T(1))
    CompiledModel, [P], _ = compile_model(model, layers.sgd(0.000001), layers.mse)
    p = [np.zeros(P.shape, np.float32)]
    for _ in range(100):
        p = CompiledModel(Numpy).step(*p, x, x @ weights)
    assert np.allclose(p[0], weights, atol=1e-3)
    return p


################################################################################
# Operations


def ring(dtype):
    """The operations on any numbers that can be added and multiplied."""

    def t(*shape):
        return NdArrayType(shape, dtype)

    return [
        rd.Copy(t(2, 3)),
        rd.NCopy(t(2), t(3, 4)),
        rd.Discard(t(2)),
        rd.NSplit(t(2, 3), 4),
        rd.NConcatenate(t(2, 3), 4),
        rd.Add(t(2, 3)),
        rd.NAdd(t(2), t(3, 4)),
        rd.Subtract(t(2, 3)),
        rd.Negate(t(2, 3)),
        rd.Constant(t(2, 3), 7),
        rd.Reshape(t(2, 6), t(3, 4)),
        rd.Permute(t(2, 3, 4), [2, 0, 1]),
        rd.Multiply(t(2, 3)),
        rd.MatrixMultiply(t(5), t(2), t(3), t(4)),
        rd.Compose(t(2), t(3, 4), t(5)),
    ]


OPERATIONS = [
    *ring(f32),
    *ring(i32),
    rd.Constant(T(2, 3), 0.5),
    rd.ScaleInverse(T(2, 3), 199.0),
    rd.Exponentiate(T(2, 3), -0.5),
    rd.Sigmoid(T(2, 3)),
    rd.Invert(T(2, 3, dtype=i32)),
]


def operations():
    """Each operation: what it computes, its forward map, its reverse map."""
    results = []
    for x in OPERATIONS:
        for f in x.to_core(), F(x.fwd()), F(x.rev()):
            results += run(f)
    return results


def core_operations():
    """Those that have no reverse map in 0.2.2."""
    results = []
    for x in (
        ops.NMax(T(2), T(3, 4)),
        ops.NMax(T(2, dtype=i32), T(3, dtype=i32)),
        ops.Divide(T(2, 3)),
        ops.Divide(T(2, 3, dtype=i32)),
        ops.Power(T(2, 3)),
        ops.Power(T(2, 3, dtype=i32)),
    ):
        results += run(op(x))
    return [*results, *run(ops.exp1(T(2, 3)))]


def comparisons():
    """As numbers: 0.2.2 states the dtype of the operands and gives truth values."""
    A = obj(T(2, 3), T(4, dtype=i32))
    results = [*run(F(rd.gt(A))), *run(F(rd.gt_constant(3)(A)))]
    return [x.astype(np.float32) for x in results] + run(F(rd.Gt(T(2)).rev()))


################################################################################
# Many wires

OBJECT = obj(T(2, 3), T(4), T(dtype=i32))


def canonical_maps():
    maps = [
        copy,
        rd.discard,
        add,
        rd.zero,
        rd.subtract,
        negate,
        multiply,
        rd.constant(2),
        rd.increment(3),
        rd.scale(3),
        rd.relu,
        identity,
    ]
    results = []
    for f in maps:
        results += run(F(f(OBJECT)))
    for f in rd.scale_inverse(3), rd.exponentiate(2), rd.exponentiate(0.5), rd.sigmoid:
        results += run(F(f(obj(T(2, 3), T(4)))))
    return results


def wires():
    pair = canonical(lambda t: op(ops.Copy(t)) >> (op(ops.Negate(t)) @ identity(obj(t))))
    A, B = obj(T(2), T(3)), obj(T(4))
    programs = [
        unit(),
        identity(A),
        twist(A, B),
        transpose(obj(*[T(n) for n in range(1, 7)]), 2, 3),
        permutation(A + B, [2, 0, 1]),
        pair(A + B),
        singleton(ops.Negate(T(2)), obj(T(2)), obj(T(2))) @ unit(),
        twist(A, B).dagger() >> twist(A, B),
    ]
    results = []
    for f in programs:
        results += run(f)
    return results


def types():
    A, B = T(1), T(2)
    assert (A + B).shape == (1, 2)
    assert (A + 4).shape == (1, 4)
    assert (5 + B).shape == (5, 2)
    assert len(obj(A, B)) == 2
    assert list(obj(A, B)) == [A, B]
    assert f32.is_floating()
    assert not i32.is_floating()
    return [np.zeros((A + B).shape, Numpy.dtype(f32))]


################################################################################
# Derivatives


def bidirectional():
    f = (multiply(obj(T(2))) @ identity(obj(T(2)))) >> multiply(obj(T(2)))
    both = F(B.adapt(B(f), f.source, f.target))
    chain = op(rd.Compose(T(1), T(2), T(3))) @ identity(obj(T(3) + T(4)))
    return [
        *run(both),
        *run(F(rdiff(f))),
        *run(F(rdiff(rd.relu(obj(T(2, 3)))))),
        *run(F(rdiff(chain >> op(rd.Compose(T(1), T(3), T(4)))))),
    ]


@dataclass(frozen=True)
class Swish(Lens):
    """x σ(x), whose reverse map is written by hand."""

    T: NdArrayType

    def source(self):
        return obj(self.T)

    def target(self):
        return obj(self.T)

    def to_core(self):
        A = obj(self.T)
        return F(copy(A) >> (identity(A) @ rd.sigmoid(A)) >> multiply(A))

    def rev(self):
        # (σ + x σ (1 - σ)) dy
        A = obj(self.T)
        rest = rd.increment(1)(A) >> negate(A) >> rd.increment(2)(A)
        bend = (identity(A) @ (copy(A) >> (identity(A) @ rest) >> multiply(A))) >> multiply(A)
        slope = copy(A) >> (identity(A) @ (rd.sigmoid(A) >> copy(A)))
        return ((slope >> (bend @ identity(A)) >> add(A)) @ identity(A)) >> multiply(A)


swish = canonical(lambda t: op(Swish(t)))


def an_operation_of_ones_own():
    return [*run(F(swish(OUTPUTS))), *run(F(rdiff(swish(OUTPUTS)))), *trained(SWISHING, 0.001)]


OUTPUTS = obj(BATCH + OUTPUT)
SWISHING = layers.linear(BATCH, INPUT, OUTPUT) >> swish(OUTPUTS)


################################################################################
# Special operations


@dataclass(frozen=True)
class Square(Definition):
    T: NdArrayType

    def arrow(self):
        return op(ops.Copy(self.T)) >> op(ops.Multiply(self.T))


@dataclass(frozen=True)
class FourthPower(Definition):
    T: NdArrayType

    def symbol(self):
        return "fourth"

    def arrow(self):
        return op(Square(self.T)) >> op(Square(self.T))


def definitions():
    f = op(ops.Negate(T(2))) >> op(FourthPower(T(2)))
    assert len(inline(op(Square(T(2)))).H.x) == 2
    return [*run(f), *run(inline(op(Square(T(2))))), *run(inline(op(rd.Sigmoid(T(2)))))]


def parameters():
    f = (parameter(OBJECT) @ identity(OBJECT)) >> add(OBJECT)
    e, d = factor_parameters(f)
    assert e.target == OBJECT
    assert d.source == OBJECT + OBJECT
    assert op(Parameter(T(2))).target == obj(T(2))
    return run(F(d))


@dataclass(frozen=True)
class AddSub(PythonOp):
    T: NdArrayType

    def source(self):
        return obj(self.T, self.T)

    def target(self):
        return obj(self.T, self.T)

    def __call__(self, x, y):
        return [x + y, x - y]


def python_operations():
    f = (op(ops.Negate(T(2, 3))) @ op(IdentityPythonOp(T(2, 3)))) >> op(AddSub(T(2, 3)))
    return run(f)


def classes():
    f, g = op(ops.Negate(T(2))), op(ops.Add(T(2)))
    Model = to_python_class({"first": f, "second": g}, "Model")
    _, tree = to_python_class({"first": f}, return_ast=True)
    for module in tree, to_python_class_ast({"first": f}):
        assert "def first(" in ast.unparse(module)
    model = Model(Numpy)
    return [*model.first(*draw(f.source)), *model.second(*draw(g.source))]


PROGRAMS = [
    iris_linear,
    iris_simple,
    iris_dense,
    iris_hidden,
    a_bias_for_each_sample,
    linear_regression,
    operations,
    core_operations,
    comparisons,
    canonical_maps,
    wires,
    types,
    bidirectional,
    an_operation_of_ones_own,
    definitions,
    parameters,
    python_operations,
    classes,
]

if __name__ == "__main__":
    np.savez(
        sys.argv[1],
        **{
            f"{program.__name__}/{i}": np.asarray(x)
            for program in PROGRAMS
            for i, x in enumerate(program())
        },
    )
