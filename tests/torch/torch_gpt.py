"""The GPT of examples/gpt.py in PyTorch: its own operations, its own derivatives, its own Adam."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor


def logits(p: Mapping[str, Tensor], tokens: Tensor, layers: int, heads: int) -> Tensor:
    """``[batch, context]`` tokens to ``[batch, context, vocabulary]``."""
    B, T = tokens.shape
    D = p["tokens"].shape[1]
    x = p["tokens"][tokens] + p["positions"]
    for i in range(layers):
        h = F.layer_norm(x, (D,), p[f"norm_1_{i}.scale"], p[f"norm_1_{i}.shift"])
        q, k, v = (
            (h @ w).view(B, T, heads, D // heads).transpose(1, 2)
            for w in p[f"attention_{i}.query_key_value"].chunk(3, dim=1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + y.transpose(1, 2).reshape(B, T, D) @ p[f"attention_{i}.output"]
        h = F.layer_norm(x, (D,), p[f"norm_2_{i}.scale"], p[f"norm_2_{i}.shift"])
        h = F.gelu(h @ p[f"mlp_{i}.in"] + p[f"mlp_{i}.in_bias"], approximate="tanh")
        x = x + h @ p[f"mlp_{i}.out"] + p[f"mlp_{i}.out_bias"]
    return F.layer_norm(x, (D,), p["norm.scale"], p["norm.shift"]) @ p["head"]


def loss(
    p: Mapping[str, Tensor], tokens: Tensor, labels: Tensor, layers: int, heads: int
) -> Tensor:
    """The mean cross-entropy over all characters of the batch."""
    return F.cross_entropy(logits(p, tokens, layers, heads).flatten(0, 1), labels.flatten())
