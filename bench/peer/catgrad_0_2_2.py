"""What bench/compile_scale.py asks of catgrad 0.2.2; runs in an environment of its own.

    python bench/peer/catgrad_0_2_2.py dot 1024
    python bench/peer/catgrad_0_2_2.py mlp 64
    python bench/peer/catgrad_0_2_2.py chain 100

Prints the seconds of the processor and the operations that came of it, as JSON.
"""

import json
import sys
import time
from unittest.mock import MagicMock

# It imports PyTorch, undeclared, for a backend that is not used here.
sys.modules["torch"] = MagicMock()

from catgrad import layers  # noqa: E402
from catgrad.bidirectional.functor import Bidirectional, Forget  # noqa: E402
from catgrad.bidirectional.operation import add, multiply  # noqa: E402
from catgrad.compile import compile_model  # noqa: E402
from catgrad.signature import Dtype, NdArrayType, obj  # noqa: E402


def array(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def dot(n: int) -> tuple[float, int]:
    """Differentiate a dot product of n scalars and forget reverse maps."""
    f = multiply(obj(*[array()] * n))
    while n > 1:
        n //= 2
        f = f >> add(obj(*[array()] * n))
    start = time.process_time()
    bidirectional, forget = Bidirectional(), Forget()
    result = forget(bidirectional.adapt(bidirectional(f), f.source, f.target))
    return time.process_time() - start, len(result.H.x)


def mlp(depth: int) -> tuple[float, int]:
    """Compile a model of so many dense layers."""
    batch, width = array(8), array(16)
    model = layers.dense(batch, width, width)
    for _ in range(depth - 1):
        model = model >> layers.dense(batch, width, width)
    start = time.process_time()
    compile_model(model, layers.sgd(0.01), layers.mse)
    return time.process_time() - start, 0


def chain(depth: int) -> tuple[float, int]:
    """Compose so many layers in a loop."""
    batch, width = array(8), array(16)
    layer = layers.dense(batch, width, width)
    start = time.process_time()
    model = layer
    for _ in range(depth - 1):
        model = model >> layer
    return time.process_time() - start, len(model.H.x)


job, size = sys.argv[1:]
seconds, operations = {"dot": dot, "mlp": mlp, "chain": chain}[job](int(size))
print(json.dumps({"seconds": seconds, "operations": operations}))
