"""Losses of routers and policies without a target as libraries of PyTorch write them down."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin, drawn


def _balance(t: Any, x: Any) -> Any:
    """transformers' load_balancing_loss_func of each group of tokens, two experts a token."""
    weights = t.nn.functional.softmax(x, dim=-1)
    _, chosen = t.topk(weights, 2, dim=-1)
    mask = t.nn.functional.one_hot(chosen, x.shape[-1])
    tokens = mask.to(x.dtype).mean(dim=-3)
    return (tokens * weights.mean(dim=-2)[..., None, :]).sum() * x.shape[-1]


TWINS = [
    Twin(
        *("torch", "distributions.Categorical.entropy", "entropy"),
        lambda t, x, temperature: t.distributions.Categorical(logits=x / temperature).entropy().sum(),
        drawn("temperature", 0.5, 3.0),
    ),
    Twin(
        *("torch", "router_z_loss_func of transformers", "router_z_loss"),
        lambda t, x: (t.logsumexp(x, dim=-1) ** 2).sum(),
    ),
    Twin(
        *("torch", "load_balancing_loss_func of transformers", "load_balancing:two", _balance),
        times=0.5,
        convention="top_k times ours there",
    ),
]
