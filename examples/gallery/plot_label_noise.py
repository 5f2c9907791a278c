"""
Labels that are wrong
=====================

Of three classes some rows come from a sloppy source: they lie far out in the first class, and are labelled as the
second. Cross-entropy grows with the margin by which a row contradicts it, so a few such rows turn its lines;
`generalized_cross_entropy`, whose loss is bounded, gives them up. Accuracy is that on rows with the right labels,
which training never saw.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(0)
CENTRES = 2.0 * np.column_stack([np.cos([0.0, 2.1, 4.2]), np.sin([0.0, 2.1, 4.2])])


def drawn(count, far=1.0, classes=3):
    """Points around three centres, as features of a linear model, and their classes."""
    labels = rng.integers(0, classes, count)
    points = far * CENTRES[labels] + rng.normal(size=(count, 2))
    return np.column_stack([np.ones(count), points]), labels


def fitted(loss, features, labels):
    """Weights of a linear model, by gradient descent with momentum."""
    gradient = nl.value_and_grad(loss)
    weights = np.zeros((3, 3))
    speed = np.zeros_like(weights)
    for _ in range(400):
        _, slopes = gradient(features @ weights, labels)
        speed = 0.9 * speed - 0.05 * features.T @ slopes
        weights += speed
    return weights


features, labels = drawn(600)
unseen, truth = drawn(5000)
losses = {
    "cross_entropy": nl.cross_entropy,
    "cross_entropy, label_smoothing = 0.2": partial(nl.cross_entropy, label_smoothing=0.2),
    "generalized_cross_entropy, q = 0.7": partial(nl.generalized_cross_entropy, q=0.7),
}
counts = np.arange(0, 61, 6)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
sloppy, _ = drawn(counts[-1], far=4.0, classes=1)
for name, loss in losses.items():
    right = []
    for count in counts:
        rows = np.concatenate([features, sloppy[:count]])
        said = np.concatenate([labels, np.full(count, 1)])
        right.append(((unseen @ fitted(loss, rows, said)).argmax(1) == truth).mean())
    axes.plot(counts / (600 + counts), right, marker="o", label=name)
axes.set(xlabel="share of rows that are labelled wrongly", ylabel="accuracy on clean rows")
axes.legend(fontsize="small")

# %%
# A bounded loss helps as long as the good rows are in charge of where training begins; with more wrong ones it follows
# these.
