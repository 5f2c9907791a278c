"""Losses of sequences, written down in PyTorch as the papers and the libraries of the field have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin, drawn


def _of_lattice(t: Any, logs: Any, labels: Any, blank: int) -> Any:
    """One example of a transducer: the logarithm of how each cell is reached."""
    reached: dict[tuple[int, int], Any] = {}
    steps, states = logs.shape[0], len(labels) + 1
    for i in range(steps):
        for u in range(states):
            ways = [t.zeros((), dtype=logs.dtype)] if i == u == 0 else []
            if i:
                ways.append(reached[i - 1, u] + logs[i - 1, u, blank])
            if u:
                ways.append(reached[i, u - 1] + logs[i, u - 1, labels[u - 1]])
            reached[i, u] = t.logsumexp(t.stack(ways), 0)
    return -(reached[steps - 1, states - 1] + logs[steps - 1, states - 1, blank])


def _transducer(t: Any, pred: Any, target: Any, steps: Any, labels: Any, blank: int = -1) -> Any:
    logs = t.log_softmax(pred, -1)
    pairs = zip(logs, target, steps.tolist(), labels.tolist(), strict=True)
    return sum(_of_lattice(t, one[:m], given[:n], blank) for one, given, m, n in pairs)


def _pruned(t: Any, pred: Any, target: Any, starts: Any, steps: Any, labels: Any, blank: int = -1) -> Any:
    """All states but those of the bands are as good as impossible."""
    *_, frames, wide, classes = pred.shape
    whole = t.full((len(pred), frames, target.shape[1] + 1 + wide, classes), -1e9, dtype=pred.dtype)
    logs = t.log_softmax(pred, -1)
    for r in range(wide):
        last = -1e9 * (t.arange(classes) != blank % classes) if r + 1 == wide else 0.0
        places = (starts.long() + r)[:, :, None, None].expand(-1, -1, 1, classes)
        whole = whole.scatter(2, places, (logs[:, :, r] + last)[:, :, None])
    pairs = zip(whole, target, steps.tolist(), labels.tolist(), strict=True)
    return sum(_of_lattice(t, one[:m], given[:n], blank) for one, given, m, n in pairs if m)


def _simple(
    t: Any, am: Any, lm: Any, target: Any, steps: Any, labels: Any, blank: int = -1, lm_scale: float = 0.0
) -> Any:
    logs = (1.0 - lm_scale) * t.log_softmax(am[:, :, None] + lm[:, None], -1)
    logs = logs + lm_scale * t.log_softmax(lm, -1)[:, None]
    pairs = zip(logs, target, steps.tolist(), labels.tolist(), strict=True)
    return sum(_of_lattice(t, one[:m], given[:n], blank) for one, given, m, n in pairs)


def _near(pred: Any, target: Any) -> Any:
    """Series whose costs are of the size of gamma: what either loses of a cost is divided by that."""
    return pred / 4.0, target / 4.0


def _warped(t: Any, costs: Any, gamma: float) -> Any:
    """The soft minimum over all alignments of one pair of series."""
    far = t.full((), float("inf"), dtype=costs.dtype)
    least = {(0, 0): t.zeros((), dtype=costs.dtype)}
    steps, others = costs.shape
    for i in range(steps):
        for j in range(others):
            ways = t.stack([least.get(at, far) for at in ((i, j), (i, j + 1), (i + 1, j))])
            least[i + 1, j + 1] = costs[i, j] - gamma * t.logsumexp(-ways / gamma, 0)
    return least[steps, others]


def _soft_dtw(t: Any, pred: Any, target: Any, gamma: float = 1.0) -> Any:
    costs = ((pred[:, :, None] - target[:, None]) ** 2).sum(-1)
    return sum(_warped(t, each, gamma) for each in costs)


def _soft_dtw_divergence(t: Any, pred: Any, target: Any, normalize: bool, gamma: float = 1.0) -> Any:
    own = _soft_dtw(t, pred, pred, gamma) + _soft_dtw(t, target, target, gamma)
    return _soft_dtw(t, pred, target, gamma) - own / 2


def _crf(t: Any, pred: Any, target: Any, transitions: Any) -> Any:
    reached, score = pred[:, 0], pred.gather(2, target[..., None]).sum()
    for k in range(1, pred.shape[1]):
        reached = t.logsumexp(reached[:, :, None] + transitions + pred[:, k, None], 1)
    score = score + transitions[target[:, :-1], target[:, 1:]].sum()
    return t.logsumexp(reached, 1).sum() - score


TWINS = [
    Twin("torch", "rnnt_loss of torchaudio, written down", "transducer", _transducer),
    Twin("torch", "transducer_loss of SpeechBrain, written down", "transducer", _transducer,
         lambda random: {"blank": 0}, convention="its blank is 0 unless it is said, ours the last class"),
    Twin("torch", "rnnt_loss_pruned of k2, written down", "transducer_pruned", _pruned,
         convention="its blank is 0 unless it is said, and it takes all states of a band"),
    Twin("torch", "rnnt_loss_smoothed of k2, written down", "transducer_simple", _simple,
         drawn("lm_scale", 0.1, 0.5), convention="its blank is 0 unless it is said; its am_only_scale is 0 here"),
    Twin("torch", "soft_dtw of tslearn, written down", "soft_dtw", _soft_dtw, drawn("gamma", 0.5, 2.0),
         inputs=_near),
    Twin("torch", "SoftDTW of pytorch-softdtw-cuda, written down", "soft_dtw", _soft_dtw_divergence,
         lambda random: {"normalize": True, **drawn("gamma", 0.5, 2.0)(random)}, inputs=_near),
    Twin("torch", "CRF of pytorch-crf, written down", "crf", _crf,
         convention="its forward is the log-likelihood, which is less this"),
]  # fmt: skip
