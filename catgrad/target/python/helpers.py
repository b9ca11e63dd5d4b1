"""Small functions that generated source defines for itself."""

from __future__ import annotations

HELPERS = {
    "half_up": '''
def half_up(x, shift):
    """x / 2**shift to the nearest integer, halves upward."""
    return (x + (1 << (shift - 1))) >> shift
''',
    "half_even": '''
def half_even(x, shift):
    """x / 2**shift to the nearest integer, halves to the even one."""
    return (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
''',
    "saturate": '''
def saturate(x, low, high):
    """x held between low and high."""
    return np.minimum(np.maximum(x, low), high)
''',
    "wrap": '''
def wrap(x, low, high):
    """x brought between low and high by a multiple of high - low + 1, a power of two."""
    return ((x - low) & (high - low)) + low
''',
    "fits": '''
def fits(x, low, high):
    """Whether x lies between low and high."""
    return (low <= x) & (x <= high)
''',
    "matmul": '''
def matmul(x, y):
    """x @ y by way of float64, which is fast, and exact below 2**53."""
    return (x.astype(np.float64) @ y.astype(np.float64)).astype(np.int64)
''',
    "pad": '''
def pad(x, shape, place, value):
    """An array of one value throughout, but x at its place."""
    padded = np.full(shape, value, x.dtype)
    padded[place] = x
    return padded
''',
    "fold": '''
def fold(windows, shape, axis, stride, dilation):
    """Windows along an axis laid back over an array; where several lie, they add up."""
    folded = np.zeros(shape, windows.dtype)
    along, windows = np.moveaxis(folded, axis, -1), np.moveaxis(windows, axis, -2)
    span = stride * (windows.shape[-2] - 1) + 1
    for i in range(windows.shape[-1]):
        along[..., i * dilation : i * dilation + span : stride] += windows[..., i]
    return folded
''',
    "scatter_add": '''
def scatter_add(index, rows, shape):
    """A table of zeros, each row added to the row of the table that its index names."""
    table = np.zeros(shape, rows.dtype)
    order = np.argsort(index, axis=None, kind="stable")
    named = index.reshape(-1)[order]
    first = np.flatnonzero(np.diff(named, prepend=-1))
    rows = rows.reshape(index.size, *shape[1:])
    table[named[first]] = np.add.reduceat(rows[order], first) if first.size else 0
    return table
''',
    "scatter_add_few": '''
def scatter_add_few(index, rows, shape, one_hots):
    """Rows added to those of a small table of zeros that an index names, as a matrix product."""
    one_hot = one_hots.take(index.reshape(-1), axis=0)
    return (one_hot.T @ rows.reshape(index.size, -1)).reshape(shape)
''',
}
"""Functions that stand above the class where it uses them."""
