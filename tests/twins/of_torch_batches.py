"""Losses of batches of embeddings and of proxies, written down in PyTorch as other libraries have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin, drawn


def _compared(t: Any, x: Any, labels: Any) -> tuple[Any, Any, Any]:
    """Distances, and which of them are of the same label and of another."""
    own = t.eye(x.shape[-2], dtype=t.bool)
    squares = ((x[..., :, None, :] - x[..., None, :, :]) ** 2).sum(dim=-1)
    far = t.where(own, 0.0, t.sqrt(t.where(own, 1.0, squares)))
    same = labels[..., :, None] == labels[..., None, :]
    return far, same & ~own, ~same


def _mean_of(t: Any, losses: Any, counted: Any, axes: Any) -> Any:
    total = t.where(counted, losses, 0.0).sum(dim=axes)
    return (total / counted.sum(dim=axes).clamp(min=1)).sum()


def _hard(t: Any, x: Any, labels: Any, margin: float) -> Any:
    far, alike, other = _compared(t, x, labels)
    near = t.where(alike, far, -t.inf).max(dim=-1).values
    apart = t.where(other, far, t.inf).min(dim=-1).values
    return _mean_of(t, t.relu(near - apart + margin), alike.any(dim=-1) & other.any(dim=-1), -1)


def _semihard(t: Any, x: Any, labels: Any, margin: float) -> Any:
    far, alike, other = _compared(t, x, labels)
    beyond = other[..., :, None, :] & (far[..., :, None, :] > far[..., :, :, None])
    nearest = t.where(beyond, far[..., :, None, :], t.inf).min(dim=-1).values
    farthest = t.where(other, far, -t.inf).max(dim=-1).values
    chosen = t.where(beyond.any(dim=-1), nearest, farthest[..., None])
    return _mean_of(t, t.relu(far - chosen + margin), alike & other.any(dim=-1)[..., None], (-1, -2))


def _proxy_anchor(t: Any, x: Any, proxies: Any, labels: Any, alpha: float, margin: float = 0.1) -> Any:
    normalize = t.nn.functional.normalize
    cosine = normalize(x, dim=-1) @ normalize(proxies, dim=-1).T
    own = t.nn.functional.one_hot(labels, len(proxies)).bool()
    pull = t.where(own, t.exp(-alpha * (cosine - margin)), 0.0).sum(dim=-2)
    push = t.where(own, 0.0, t.exp(alpha * (cosine + margin))).sum(dim=-2)
    met = own.any(dim=-2).sum(dim=-1)
    return (t.log(1.0 + pull).sum(dim=-1) / met + t.log(1.0 + push).sum(dim=-1) / len(proxies)).sum()


def _proxy_nca(t: Any, x: Any, proxies: Any, labels: Any, scale: float, among: str = "others") -> Any:
    u, v = (t.nn.functional.normalize(each, dim=-1) for each in (x, proxies))
    away = scale * ((u[..., None, :] - v) ** 2).sum(dim=-1)
    own = t.nn.functional.one_hot(labels, len(proxies)).bool()
    others = t.where(own, t.inf, away) if among == "others" else away
    return (t.where(own, away, 0.0).sum(dim=-1) + t.logsumexp(-others, dim=-1)).sum()


def _cosent(t: Any, pred: Any, target: Any, scale: float) -> Any:
    scores = scale * pred
    apart = scores[..., :, None] - scores[..., None, :]
    wanted = (target[..., :, None] < target[..., None, :]).to(pred.dtype)
    apart = (apart - (1.0 - wanted) * 1e12).flatten(-2)
    return t.logsumexp(t.cat((t.zeros_like(apart[..., :1]), apart), dim=-1), dim=-1).sum()


def _koleo(t: Any, x: Any, eps: float) -> Any:
    u = t.nn.functional.normalize(x, dim=-1)
    nearest = t.where(t.eye(x.shape[-2], dtype=t.bool), -1.0, u @ u.mT).max(dim=-1).indices
    other = u.gather(-2, nearest[..., None].expand(u.shape))
    return -t.log((u - other).norm(dim=-1) + eps).mean(dim=-1).sum()


TWINS = [
    Twin(
        *("torch", "triplet_hard_loss of TensorFlow Addons", "batch_hard_triplet", _hard, drawn("margin", 0.2, 2.0)),
        convention="there the mean is over all anchors",
    ),
    Twin(
        *("torch", "triplet_semihard_loss of TensorFlow Addons", "batch_hard_triplet:semihard", _semihard),
        drawn("margin", 0.2, 2.0),
    ),
    Twin("torch", "of Kim et al.", "proxy_anchor", _proxy_anchor, drawn("alpha", 2.0, 40.0)),
    Twin("torch", "of Movshovitz-Attias et al.", "proxy_nca", _proxy_nca, drawn("scale", 0.5, 8.0)),
    Twin(
        *("torch", "ProxyNCALoss of pytorch-metric-learning", "proxy_nca:all"),
        lambda t, x, proxies, labels, scale: _proxy_nca(t, x, proxies, labels, scale, "all"),
        drawn("scale", 0.5, 8.0),
    ),
    Twin("torch", "CoSENTLoss of sentence-transformers", "cosent", _cosent, drawn("scale", 1.0, 20.0)),
    Twin(
        *("torch", "KoLeoLoss of DINOv2", "koleo", _koleo, drawn("eps", 1e-8, 1e-3)),
        convention="there eps is added to differences, too",
    ),
]
