"""
The order is what counts
========================

Documents of a query have grades, and what matters is which of them come first. A loss of each score by itself, such as
`mse`, spends what a model has on grades that differ from query to query; losses of pairs and lists are blind to
that. NDCG is that of the first five.
"""

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(0)
QUERIES, DOCUMENTS, FEATURES = 300, 20, 10


def drawn():
    """Features, grades of 0 to 4, and where lists begin: each query shifts all of its grades."""
    features = rng.normal(size=(QUERIES, DOCUMENTS, FEATURES))
    level = rng.normal(scale=2.0, size=(QUERIES, 1, 1))
    features[..., -1:] = level + 0.5 * rng.normal(size=(QUERIES, DOCUMENTS, 1))
    taste = np.linspace(1.0, 0.0, FEATURES)
    quality = features @ taste + rng.normal(size=(QUERIES, DOCUMENTS)) + 2.0 * level[..., 0]
    grades = np.clip(np.round(quality / 2.0 + 2.0), 0, 4)
    return features.reshape(-1, FEATURES), grades.reshape(-1)


def ndcg(scores, grades):
    """The mean over queries of the discounted gain of the first five, as a share of the best there is."""
    scores, gains = scores.reshape(QUERIES, -1), 2.0 ** grades.reshape(QUERIES, -1) - 1.0
    discount = 1.0 / np.log2(np.arange(2, 7))
    first = np.take_along_axis(gains, np.argsort(-scores, 1)[:, :5], 1) @ discount
    best = -np.sort(-gains, 1)[:, :5] @ discount
    return (first[best > 0] / best[best > 0]).mean()


features, grades = drawn()
unseen, truth = drawn()
offsets = np.arange(0, len(grades) + 1, DOCUMENTS)
losses = {"mse": {}, "listnet": {"groups": offsets}, "lambdarank": {"groups": offsets}}
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for name, options in losses.items():
    gradient = nl.value_and_grad(getattr(nl, name))
    weights, mean, square, curve = np.zeros(FEATURES), 0.0, 0.0, []
    for step in range(1, 101):
        # Adam, which does not mind that losses have different scales
        slopes = features.T @ gradient(features @ weights, grades, **options)[1]
        mean, square = 0.9 * mean + 0.1 * slopes, 0.99 * square + 0.01 * slopes**2
        weights = weights - 0.05 * (mean / (1 - 0.9**step)) / np.sqrt(square / (1 - 0.99**step) + 1e-30)
        curve.append(ndcg(unseen @ weights, truth))
    axes.plot(curve, label=f"{name}: {curve[-1]:.3f}")
axes.set(xlabel="step", ylabel="NDCG of the first five, on other queries")
axes.legend()
