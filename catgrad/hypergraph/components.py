"""Connected components, by data-parallel hooking and pointer jumping."""

from catgrad.hypergraph.array import Array, arange, namespace, put_minimum


def least_members(a: Array, b: Array, n: int) -> Array:
    """int64[n]: the least member of the component of each node, given edges ``a[i] - b[i]``.

    A forest of pointers: every node points at a member of its component that is not above it.
    In a round each root with a smaller neighbouring root is hooked under the least of these, and
    then all paths are shortened to the root by pointer jumping.

    There are O(log n) rounds: a root that survives two of them, not yet alone, took in every
    neighbour it had before the first (a neighbour that went to a smaller root would have pulled
    it along in the second), so the number of unfinished roots halves.
    """
    xp = namespace(a)
    root = arange(0, n, xp)
    while a.shape[0] > 0:
        a, b = xp.take(root, a), xp.take(root, b)
        unequal = a != b
        a, b = a[unequal], b[unequal]
        root = roots(put_minimum(root, xp.maximum(a, b), xp.minimum(a, b)))
    return root


def roots(root: Array) -> Array:
    """The root above each node, given a forest of pointers, each to a node that is not above."""
    xp = namespace(root)
    while True:
        above = xp.take(root, root)
        if xp.all(above == root):
            return root
        root = above


def quotient(least: Array) -> tuple[Array, Array]:
    """Number the classes, given the least member of the class of each element.

    Returns the class of each element, int64[n], and the least member of each class, int64[classes].
    """
    xp = namespace(least)
    is_least = least == arange(0, least.shape[0], xp)
    number = xp.cumulative_sum(xp.astype(is_least, xp.int64)) - 1
    return xp.take(number, least), xp.nonzero(is_least)[0]
