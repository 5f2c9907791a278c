"""Losses of policies that learn from given actions, written down in PyTorch as their libraries have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin


def _awr(t: Any, log_prob: Any, advantage: Any, temperature: float, max_weight: float) -> Any:
    return -((advantage / temperature).exp().clamp(max=max_weight) * log_prob).sum()


def _bounded(random: Random) -> Options:
    return {"temperature": float(random.uniform(0.3, 3.0)), "max_weight": float(random.uniform(2.0, 100.0))}


def _iql_value(t: Any, value: Any, q_value: Any, q: float) -> Any:
    difference = q_value - value
    return (abs(q - (difference < 0).double()) * difference**2).sum()


TWINS = [
    Twin("torch", "AWR of d3rlpy, written down", "advantage_weighted", _awr, _bounded),
    Twin("torch", "asymmetric_l2_loss of IQL, written down", "expectile", _iql_value, lambda random: {"q": 0.7}),
    Twin("torch", "CQL's logsumexp less the value of the action, written down", "cross_entropy",
         lambda t, q, action: (t.logsumexp(q, 1) - q.gather(1, action[:, None])[:, 0]).sum()),
]  # fmt: skip
