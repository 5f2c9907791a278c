"""CTC: the sum over alignments, step by step, in logarithms."""

import numpy as np


def value(
    pred,
    target,
    input_lengths,
    target_lengths,
    *,
    blank=0,
    zero_infinity=False,
    from_logits=True,
    log_priors=None,
    prior_scale=1.0,
):
    if from_logits:
        top = pred.max(axis=2, keepdims=True, initial=-np.inf)
        pred = pred - top - np.log(np.exp(pred - top).sum(axis=2, keepdims=True))
    if log_priors is not None:
        pred = pred - prior_scale * log_priors
    losses = np.empty(pred.shape[1])
    for n, (steps, count) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        losses[n] = of_one(pred[: int(steps), n], target[n, : int(count)], blank)
    return np.where(np.isinf(losses), 0.0, losses) if zero_infinity else losses


def of_one(logp, labels, blank):
    """-log of the probability of the labels, from log-probabilities of steps and classes."""
    states = [blank]
    for label in labels:
        states += [int(label), blank]
    reached = np.full(len(states) + 2, -np.inf)  # two more in front, which are never reached
    skips = np.array([k > 1 and s != blank and s != states[k - 2] for k, s in enumerate(states)])
    reached[2] = 0.0
    for t, row in enumerate(logp):
        before = np.where(skips, reached[:-2], -np.inf)
        reached[2:] = np.logaddexp(np.logaddexp(reached[2:], reached[1:-1]), before) + row[states]
        if t == 0:
            reached[4:] = -np.inf
    ends = reached[2:][-2:] if len(states) > 1 else reached[2:]
    return -np.logaddexp.reduce(ends)


def averaged(pred, target, input_lengths, target_lengths, **options):
    """What the mean is taken of."""
    return value(pred, target, input_lengths, target_lengths, **options) / np.maximum(1, target_lengths)


def size(pred, target, input_lengths, target_lengths, **options):
    """Of the terms of a sum over steps."""
    return np.maximum(1.0, input_lengths)
