"""The GPT of examples/gpt.py in PyTorch, eagerly: its own operations, derivatives and Adam.

The queries, keys and values are one product, biases are added by the product that they belong to,
attention is PyTorch's, and Adam the fused one: the fastest that it has for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from .gpt import Array, Ints, Sizes


def logits(p: Mapping[str, Tensor], tokens: Tensor, sizes: Sizes) -> Tensor:
    """``[batch, context]`` tokens to ``[batch * context, vocabulary]``."""
    B, T, D, H = sizes.batch, sizes.context, sizes.width, sizes.heads
    x = (F.embedding(tokens, p["tokens"]) + p["positions"]).view(B * T, D)
    for i in range(sizes.layers):
        h = F.layer_norm(x, (D,), p[f"norm_1_{i}.scale"], p[f"norm_1_{i}.shift"])
        joined = (h @ p[f"attention_{i}.query_key_value"]).view(B, T, 3, H, D // H)
        q, k, v = joined.permute(2, 0, 3, 1, 4).unbind()
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = torch.addmm(x, y.transpose(1, 2).reshape(B * T, D), p[f"attention_{i}.output"])
        h = F.layer_norm(x, (D,), p[f"norm_2_{i}.scale"], p[f"norm_2_{i}.shift"])
        h = torch.addmm(p[f"mlp_{i}.in_bias"], h, p[f"mlp_{i}.in"])
        h = F.gelu(h, approximate="tanh")
        x = x + torch.addmm(p[f"mlp_{i}.out_bias"], h, p[f"mlp_{i}.out"])
    return F.layer_norm(x, (D,), p["norm.scale"], p["norm.shift"]) @ p["head"]


def stepping(
    sizes: Sizes, parameters: list[Array], tokens: Ints, labels: Ints, rate: float
) -> Callable[[], Tensor]:
    """A function that learns from one batch each time it is called, and returns the loss."""
    names = sizes.shapes()
    p = {
        name: torch.from_numpy(array.copy()).requires_grad_()
        for name, array in zip(names, parameters, strict=True)
    }
    x, y = torch.from_numpy(tokens), torch.from_numpy(labels).long().flatten()
    rule = torch.optim.Adam(p.values(), lr=rate, fused=True)

    def step() -> Tensor:
        rule.zero_grad()
        loss = F.cross_entropy(logits(p, x, sizes), y)
        loss.backward()
        rule.step()
        return loss.detach()

    return step
