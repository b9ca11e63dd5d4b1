"""How contractions are written: as products of matrices, which is what BLAS does best."""

from __future__ import annotations

from math import prod

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, infix, view
from catgrad.target.python.values import Value
from catgrad.target.python.views import permuted, reshaped


def composition(operation: ops.Compose, a: Value, b: Value, site: integers.Site) -> Value:
    """``A+B ● B+C → A+C``, the axes of each of `A`, `B` and `C` taken together."""
    rows, inner, columns = (len(T.shape) for T in (operation.A, operation.B, operation.C))
    if inner == 0 and rows == columns == 1:
        product = infix("*", view(a.full, "[:, None]"), b.full)
        return Value(product, site.result, site.result.shape)
    if inner == 0:
        product = call("np.multiply.outer", a.full, b.full)
        return Value(product, site.result, site.result.shape)
    y = matrix(b, inner, site) if columns else flat(b, site)
    if _is_one_matrix(operation, a):
        return Value(infix("@", a.full, y), site.result, site.result.shape)
    x = matrix(a, rows, site) if rows else flat(a, site)
    # With one term to a sum, the product of matrices is that of a column and a row.
    outer = operation.B.size == 1 and rows and columns
    code = infix("*", x, y) if outer else integers.matrix_product(x, y, operation, site)
    sizes = [T.size for T in (operation.A, operation.C) if T.shape]
    T = NdArrayType(tuple(sizes), site.result.dtype)
    return reshaped(Value(code, T, T.shape), site.result.shape)


def _is_one_matrix(operation: ops.Compose, a: Value) -> bool:
    """Whether the first array is a matrix but for axes of extent 1 before it, which NumPy keeps."""
    A, B, C = operation.A, operation.B, operation.C
    if not A.is_floating or a.number is not None or B.size == 1 or len(A.shape) < 2:
        return False
    return len(B.shape) == 1 and len(C.shape) <= 1 and prod(A.shape[:-1]) == 1


def matrix(x: Value, rows: int, site: integers.Site) -> Code:
    """An array as a matrix, whose rows are its first `rows` axes.

    If that takes a copy, it is made once for the matrix and the one transposed.
    """
    if x.number is not None:
        x = constant(x, site)
    shape = x.type.shape
    height, width = prod(shape[:rows]), prod(shape[rows:])
    direct = reshaped(x, (height, width))
    if not direct.code.operations:
        return direct.full
    turned = permuted(x, (*range(rows, len(shape)), *range(rows)))
    transposed = reshaped(turned, (width, height))
    if not transposed.code.operations or site.is_known(transposed.code):
        return view(site.once(transposed.code, "rows"), ".T")
    return site.once(direct.code, "rows")


def flat(x: Value, site: integers.Site) -> Code:
    """An array along one axis."""
    x = reshaped(x, (x.type.size,))
    return constant(x, site).full if x.number is not None else site.once(x.full, "flat")


def constant(x: Value, site: integers.Site) -> Value:
    """An array of one number, made once for all calls."""
    size, number = x.type.size, x.number
    is_mean = number is not None and size > 1 and number == 1 / size
    name = f"ones_{size}" if number == 1 else f"mean_{size}" if is_mean else f"filled_{size}"
    return x.materialised()._replace(code=site.constant(name, x.full))
