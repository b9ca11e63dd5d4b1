"""Fixed point: formats, tables, and the functor that quantises bidirectional programs."""

from catgrad.fixed import arithmetic, arrays, functions, powers  # which state exact forms
from catgrad.fixed.kernels import exact_kernel

__all__ = ["arithmetic", "arrays", "exact_kernel", "functions", "powers"]
