"""Activations: functions of one number, applied to every number of every wire."""

from __future__ import annotations

from collections.abc import Callable

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import Canonical, canonical
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, obj, op, require_numbers
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.smooth import Gelu, Silu


def _activation(name: str, f: Callable[[NdArrayType], OpenHypergraph], doc: str) -> Canonical:
    return canonical(lambda T: block(name, f(T)), name, doc)


gelu = _activation(
    "gelu",
    lambda T: op(Gelu(T)),
    """The Gaussian error linear unit, ``x * Φ(x)``, in its form with tanh.

(Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415.)""",
)

quick_gelu = _activation(
    "quick_gelu",
    lambda T: op(Silu(T, 1.702)),
    "``x * sigmoid(1.702 * x)``, which is near to `gelu`; of the same paper.",
)

silu = _activation(
    "silu", lambda T: op(Silu(T)), "``x * sigmoid(x)``, also called swish; of the paper of `gelu`."
)

tanh = B.tanh

hard_sigmoid = _activation(
    "hard_sigmoid",
    lambda T: program(obj(T), lambda x: _clamped(x * (1 / 6) + 0.5)),
    """``x / 6 + 1 / 2`` between 0 and 1: three straight lines near to `sigmoid`.

(Courbariaux et al., "BinaryConnect", arXiv 1511.00363, with another slope.)""",
)

hard_silu = _activation(
    "hard_silu",
    lambda T: program(obj(T), lambda x: x * _clamped(x * (1 / 6) + 0.5)),
    """``x * hard_sigmoid(x)``, also called hard swish.

(Howard et al., "Searching for MobileNetV3", arXiv 1905.02244.)""",
)


def leaky_relu(slope: Scalar = 0.01) -> Canonical:
    """``x`` where it is greater than 0, elsewhere ``slope * x``.

    (Maas et al., "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.)
    """

    require_numbers("layers.leaky_relu", slope=slope)

    def f(x: Wire) -> Wire:
        return call(B.Select(x.T), x > 0, x, slope * x)

    return _activation(
        "leaky_relu",
        lambda T: program(obj(T), f),
        f"``x`` where it is greater than 0, elsewhere ``{slope} * x``.",
    )


def _clamped(x: Wire) -> Wire:
    """The number between 0 and 1 that is nearest to `x`."""
    return call(B.clamp(0, 1)(obj(x.T)), x)
