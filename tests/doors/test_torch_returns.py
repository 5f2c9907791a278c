"""Advantages over time of tensors: what PyTorch's own differentiation makes of a loop over steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numloss as nl

torch: Any = pytest.importorskip("torch")


def test_gradients_are_those_of_a_loop_in_torch() -> None:
    torch.manual_seed(0)
    reward, value, following = (torch.randn(6, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    terminated, pulls = torch.rand(6, 4) < 0.2, (torch.randn(6, 4).double(), torch.randn(6, 4).double())
    going, ahead, found = 0.9 * (1.0 - terminated.double()), torch.zeros(4, dtype=torch.float64), []
    for step in range(5, -1, -1):
        ahead = reward[step] + going[step] * (following[step] + 0.8 * ahead) - value[step]
        found.insert(0, ahead)
    advantages = torch.stack(found)
    total = (pulls[0] * advantages + pulls[1] * (advantages + value)).sum()
    expected = torch.autograd.grad(total, (reward, value, following))
    given = [each.detach() for each in (reward, value, following)]
    options = {"terminated": terminated, "discount": 0.9, "lam": 0.8}
    for ours, theirs in zip(nl.returns.gae(*given, **options), (advantages, advantages + value), strict=True):
        assert isinstance(ours, torch.Tensor)
        np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-13, atol=1e-13)
    for ours, theirs in zip(nl.vjp(nl.returns.gae)(*given, **options, cotangent=pulls), expected, strict=True):
        assert isinstance(ours, torch.Tensor)
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)
