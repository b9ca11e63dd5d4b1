"""K, the category of kernels: loop nests over flat memories, with affine reads and writes.

C ── to_kernels ──> K ── unroll ──> S, core operations on single numbers
"""

from catgrad.kernel.evaluate import evaluate, evaluate_scalars
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest
from catgrad.kernel.library import to_kernels
from catgrad.kernel.unroll import unroll

__all__ = [
    "Access",
    "Kernel",
    "KernelError",
    "Nest",
    "evaluate",
    "evaluate_scalars",
    "to_kernels",
    "unroll",
]
