"""One training step of a GPT, written by hand in NumPy: the mark that generated source must reach.

The model is the one of examples/gpt.py: token and position embedding; `layers` times a causal
attention and an MLP with GELU, each after a layer normalisation and around a residual connection; a
last normalisation and the output head (Radford et al., "Language models are unsupervised multitask
learners", 2019, section 2.3). The loss is the mean cross-entropy, the rule is Adam (Kingma and Ba,
arXiv 1412.6980).

What makes it fast: parameters, gradients and moments are one array each, so that Adam is ten
operations on long arrays; every product is one of BLAS, written into its place; numbers that the
reverse pass needs are kept, and everything else is overwritten where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating]
Ints = NDArray[np.integer]

EPSILON = 1e-5  # of the layer normalisation
TANH_SCALE = math.sqrt(2 / math.pi)  # GELU by tanh, Hendrycks and Gimpel, arXiv 1606.08415
TANH_CUBE = 0.044715
BETA_1, BETA_2, ADAM_EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Sizes:
    """How large the model is, and how many texts of `context` characters make a batch."""

    vocabulary: int
    layers: int = 2
    width: int = 64
    heads: int = 4
    context: int = 64
    batch: int = 16

    @property
    def rows(self) -> int:
        """How many characters a batch holds."""
        return self.batch * self.context

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The parameters in their order, by name; `query`, `key` and `value` stand side by side."""
        D = self.width
        layer: dict[str, tuple[int, ...]] = {}
        for i in range(self.layers):
            layer |= {
                f"norm_1_{i}.scale": (D,),
                f"norm_1_{i}.shift": (D,),
                f"attention_{i}.query_key_value": (D, 3 * D),
                f"attention_{i}.output": (D, D),
                f"norm_2_{i}.scale": (D,),
                f"norm_2_{i}.shift": (D,),
                f"mlp_{i}.in": (D, 4 * D),
                f"mlp_{i}.in_bias": (4 * D,),
                f"mlp_{i}.out": (4 * D, D),
                f"mlp_{i}.out_bias": (D,),
            }
        return {
            "tokens": (self.vocabulary, D),
            "positions": (self.context, D),
            **layer,
            "norm.scale": (D,),
            "norm.shift": (D,),
            "head": (D, self.vocabulary),
        }


def views(flat: Array, sizes: Sizes) -> dict[str, Array]:
    """The parts of one long array, by the names of the parameters."""
    found, start = {}, 0
    for name, shape in sizes.shapes().items():
        stop = start + math.prod(shape)
        found[name] = flat[start:stop].reshape(shape)
        start = stop
    return found


def parameter_count(sizes: Sizes) -> int:
    """How many numbers a model of these sizes learns."""
    return sum(math.prod(shape) for shape in sizes.shapes().values())


class Norm:
    """Layer normalisation of rows. Keeps the normalised rows and the inverse deviations."""

    def __init__(
        self, p: dict[str, Array], g: dict[str, Array], name: str, rows: int, width: int
    ) -> None:
        self.scale, self.shift = p[f"{name}.scale"], p[f"{name}.shift"]
        self.d_scale, self.d_shift = g[f"{name}.scale"], g[f"{name}.shift"]
        dtype = self.scale.dtype
        self.mean_of = np.full(width, 1 / width, dtype)
        self.normal = np.empty((rows, width), dtype)
        self.out = np.empty((rows, width), dtype)
        self.inverse = np.empty((rows, 1), dtype)
        self.ones = np.ones(rows, dtype)

    def forward(self, x: Array) -> Array:
        np.subtract(x, (x @ self.mean_of)[:, None], out=self.normal)
        variance = np.einsum("ij,ij->i", self.normal, self.normal)
        variance /= x.shape[1]
        variance += EPSILON
        np.sqrt(variance, out=variance)
        np.divide(1, variance, out=self.inverse[:, 0])
        self.normal *= self.inverse
        np.multiply(self.normal, self.scale, out=self.out)
        self.out += self.shift
        return self.out

    def backward(self, dy: Array, dx: Array) -> None:
        """Add the gradient at the input to `dx`; overwrites `dy` and `out`."""
        product = np.multiply(dy, self.normal, out=self.out)
        np.matmul(self.ones, product, out=self.d_scale)
        np.matmul(self.ones, dy, out=self.d_shift)
        mean_scale = self.mean_of * self.scale
        along = product @ mean_scale
        mean = dy @ mean_scale
        dy *= self.scale
        dy -= mean[:, None]
        self.normal *= along[:, None]
        dy -= self.normal
        dy *= self.inverse
        dx += dy


class Attention:
    """Causal attention. Keeps queries, keys, values and the probabilities, by key and query.

    The probabilities stand as ``[batch, head, key, query]``, because a maximum or a sum over an
    axis that is not the last is several numbers at a time for NumPy.
    """

    def __init__(
        self, p: dict[str, Array], g: dict[str, Array], name: str, sizes: Sizes, future: Array
    ) -> None:
        self.weights, self.output = p[f"{name}.query_key_value"], p[f"{name}.output"]
        self.d_weights, self.d_output = g[f"{name}.query_key_value"], g[f"{name}.output"]
        B, T, H = sizes.batch, sizes.context, sizes.heads
        K = sizes.width // H
        dtype = self.weights.dtype
        self.factor = dtype.type(1 / math.sqrt(K))
        self.future = future
        self.all = np.empty((sizes.rows, 3 * sizes.width), dtype)
        self.query, self.key, self.value = np.moveaxis(
            self.all.reshape(B, T, 3, H, K), (2, 3), (0, 2)
        )
        self.p = np.empty((B, H, T, T), dtype)
        self.joined = np.empty((sizes.rows, sizes.width), dtype)
        self.heads = self.joined.reshape(B, T, H, K).swapaxes(1, 2)
        self.d_p = np.empty_like(self.p)
        self.ones = np.ones(T, dtype)
        self.ones_k = np.ones(K, dtype)

    def forward(self, x: Array, out: Array) -> None:
        np.matmul(x, self.weights, out=self.all)
        self.all[:, : self.joined.shape[1]] *= self.factor  # the queries
        p = np.matmul(self.key, self.query.swapaxes(2, 3), out=self.p)
        p += self.future
        p -= p.max(axis=2, keepdims=True)
        np.exp(p, out=p)
        p /= (self.ones @ p)[:, :, None]
        np.matmul(p.swapaxes(2, 3), self.value, out=self.heads)
        np.matmul(self.joined, self.output, out=out)

    def backward(self, x: Array, dy: Array, d_joined: Array, d_all: Array, dx: Array) -> None:
        """Write the gradient at the input to `dx`; uses `d_joined` and `d_all`."""
        B, H, T, K = self.heads.shape
        np.matmul(self.joined.T, dy, out=self.d_output)
        np.matmul(dy, self.output.T, out=d_joined)
        d_heads = d_joined.reshape(B, T, H, K).swapaxes(1, 2)
        d_query, d_key, d_value = np.moveaxis(d_all.reshape(B, T, 3, H, K), (2, 3), (0, 2))
        np.matmul(self.p, d_heads, out=d_value)
        d_p = np.matmul(self.value, d_heads.swapaxes(2, 3), out=self.d_p)
        # Σ p dp over the keys is Σ y dy over a head's channels, of which there are fewer.
        self.joined *= d_joined
        along = (self.joined.reshape(-1, K) @ self.ones_k).reshape(B, T, H)
        d_p -= along.swapaxes(1, 2).copy()[:, :, None]
        d_p *= self.p
        np.matmul(d_p, self.query, out=d_key)
        np.matmul(d_p.swapaxes(2, 3), self.key, out=d_query)
        d_all[:, : self.joined.shape[1]] *= self.factor
        np.matmul(x.T, d_all, out=self.d_weights)
        np.matmul(d_all, self.weights.T, out=dx)


class Mlp:
    """Two layers with GELU in between. Keeps what enters GELU, its tanh, and what leaves it."""

    def __init__(self, p: dict[str, Array], g: dict[str, Array], name: str, sizes: Sizes) -> None:
        self.first, self.first_bias = p[f"{name}.in"], p[f"{name}.in_bias"]
        self.second, self.second_bias = p[f"{name}.out"], p[f"{name}.out_bias"]
        self.d_first, self.d_first_bias = g[f"{name}.in"], g[f"{name}.in_bias"]
        self.d_second, self.d_second_bias = g[f"{name}.out"], g[f"{name}.out_bias"]
        dtype = self.first.dtype
        self.u, self.tanh, self.a = (
            np.empty((sizes.rows, 4 * sizes.width), dtype) for _ in range(3)
        )
        self.ones = np.ones(sizes.rows, dtype)

    def forward(self, x: Array, out: Array) -> None:
        u = np.matmul(x, self.first, out=self.u)
        u += self.first_bias
        t = np.multiply(u, u, out=self.tanh)
        t *= TANH_SCALE * TANH_CUBE
        t += TANH_SCALE
        t *= u
        np.tanh(t, out=t)
        a = np.add(t, 1, out=self.a)
        a *= 0.5
        a *= u
        np.matmul(a, self.second, out=out)
        out += self.second_bias

    def backward(self, x: Array, dy: Array, da: Array, dx: Array) -> None:
        """Write the gradient at the input to `dx`; uses `da`."""
        np.matmul(self.a.T, dy, out=self.d_second)
        np.matmul(self.ones, dy, out=self.d_second_bias)
        np.matmul(dy, self.second.T, out=da)
        # With a = u (1 + tanh z) / 2 the slope of a is 1 - (1 - tanh z) (1/2 - a z').
        u, t = self.u, self.tanh
        rest = np.multiply(u, u, out=u)
        rest *= -3 * TANH_SCALE * TANH_CUBE
        rest -= TANH_SCALE
        rest *= self.a
        rest += 0.5
        t -= 1
        t *= rest
        t += 1
        da *= t
        np.matmul(x.T, da, out=self.d_first)
        np.matmul(self.ones, da, out=self.d_first_bias)
        np.matmul(da, self.first.T, out=dx)


class Gpt:
    """The model, its gradients and Adam, each one long array that `step` changes in place.

    `parameters`, `gradients`, `first` and `second` (the moments) are flat; `views` cuts them up.
    """

    def __init__(self, sizes: Sizes, dtype: DTypeLike = np.float32) -> None:
        self.sizes = sizes
        count = parameter_count(sizes)
        self.parameters, self.gradients, self.first, self.second, self.root = (
            np.zeros(count, dtype) for _ in range(5)
        )
        self.steps = 0
        p, g = views(self.parameters, sizes), views(self.gradients, sizes)
        B, T, N, D, V = sizes.batch, sizes.context, sizes.rows, sizes.width, sizes.vocabulary
        self.tokens, self.positions, self.head = p["tokens"], p["positions"], p["head"]
        self.d_tokens, self.d_positions, self.d_head = g["tokens"], g["positions"], g["head"]
        future = np.tril(np.full((T, T), -np.inf, dtype), -1)
        layers = range(sizes.layers)
        self.attention = [Attention(p, g, f"attention_{i}", sizes, future) for i in layers]
        self.mlp = [Mlp(p, g, f"mlp_{i}", sizes) for i in layers]
        self.norm_1 = [Norm(p, g, f"norm_1_{i}", N, D) for i in layers]
        self.norm_2 = [Norm(p, g, f"norm_2_{i}", N, D) for i in layers]
        self.norm = Norm(p, g, "norm", N, D)
        # `norm.out` is what the first product of a block has read, and needs again in reverse.
        self.x, self.part, self.d_x, self.d_y = (np.empty((N, D), dtype) for _ in range(4))
        self.d_all, self.d_u = np.empty((N, 3 * D), dtype), np.empty((N, 4 * D), dtype)
        self.logits = np.empty((N, V), dtype)
        self.indices = np.arange(N)
        self.ones_v = np.ones(V, dtype)
        self.one_hot = np.zeros((N, V), dtype)
        self.x_text = self.x.reshape(B, T, D)

    def load(self, parameters: Sequence[Array]) -> None:
        """Start from these parameters, in the order of `Sizes.shapes`, and no moments."""
        np.concatenate([array.reshape(-1) for array in parameters], out=self.parameters)
        self.first.fill(0)
        self.second.fill(0)
        self.steps = 0

    def learned(self) -> list[Array]:
        """The parameters, parts of the array that the next step changes."""
        return list(views(self.parameters, self.sizes).values())

    def forward(self, tokens: Ints) -> Array:
        """The logits ``[batch * context, vocabulary]``; they are overwritten by `backward`."""
        x, part = self.x, self.part
        np.take(self.tokens, tokens, axis=0, out=self.x_text, mode="clip")
        self.x_text += self.positions
        for norm_1, attention, norm_2, mlp in zip(
            self.norm_1, self.attention, self.norm_2, self.mlp, strict=True
        ):
            attention.forward(norm_1.forward(x), part)
            x += part
            mlp.forward(norm_2.forward(x), part)
            x += part
        return np.matmul(self.norm.forward(x), self.head, out=self.logits)

    def backward(self, tokens: Ints, labels: Ints) -> float:
        """The loss, and the gradients in their place; `forward` has been on the same tokens."""
        N = self.sizes.rows
        p, labels = self.logits, labels.reshape(-1)
        p -= p.max(axis=1, keepdims=True)
        at_labels = p[self.indices, labels]
        np.exp(p, out=p)
        total = p @ self.ones_v
        loss = float((np.log(total) - at_labels).mean())
        total *= N
        p /= total[:, None]
        p[self.indices, labels] -= 1 / N
        d_x, d_y, part = self.d_x, self.d_y, self.part
        np.matmul(self.norm.out.T, p, out=self.d_head)
        np.matmul(p, self.head.T, out=d_y)
        d_x.fill(0)
        self.norm.backward(d_y, d_x)
        for norm_1, attention, norm_2, mlp in zip(
            *(reversed(part) for part in (self.norm_1, self.attention, self.norm_2, self.mlp)),
            strict=True,
        ):
            mlp.backward(norm_2.out, d_x, self.d_u, d_y)
            norm_2.backward(d_y, d_x)
            attention.backward(norm_1.out, d_x, part, self.d_all, d_y)
            norm_1.backward(d_y, d_x)
        np.sum(d_x.reshape(self.x_text.shape), axis=0, out=self.d_positions)
        self.one_hot.fill(0)
        self.one_hot[self.indices, tokens.reshape(-1)] = 1
        np.matmul(self.one_hot.T, d_x, out=self.d_tokens)
        return loss

    def adam(self, rate: float) -> None:
        """Move the parameters.

        The moments are sums, without the factors that make them averages. These, and what corrects
        for their start at 0, are scalars that go into the rate and into epsilon.
        """
        self.steps += 1
        g, m, v, root = self.gradients, self.first, self.second, self.root
        a = (1 - BETA_1**self.steps) / (1 - BETA_1)
        b = math.sqrt((1 - BETA_2**self.steps) / (1 - BETA_2))
        m *= BETA_1
        m += g
        v *= BETA_2
        v += np.multiply(g, g, out=root)
        np.sqrt(v, out=root)
        root += ADAM_EPSILON * b
        np.divide(m, root, out=root)
        root *= rate * b / a
        self.parameters -= root

    def step(self, tokens: Ints, labels: Ints, rate: float) -> float:
        """Learn from one batch, ``[batch, context]`` tokens and those that follow; the loss."""
        self.forward(tokens)
        loss = self.backward(tokens, labels)
        self.adam(rate)
        return loss
