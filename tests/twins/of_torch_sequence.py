"""Losses of sequences, written down in PyTorch as the papers and the libraries of the field have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin


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


TWINS = [
    Twin("torch", "rnnt_loss of torchaudio, written down", "transducer", _transducer),
    Twin("torch", "transducer_loss of SpeechBrain, written down", "transducer", _transducer,
         lambda random: {"blank": 0}, convention="its blank is 0 unless it is said, ours the last class"),
]  # fmt: skip
