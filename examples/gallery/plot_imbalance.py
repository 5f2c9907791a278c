"""
One row in fifty is the one that matters
========================================

A linear classifier of two clouds, one of which is rare. The loss decides where it draws its line:
`bce_with_logits` counts rows, so it leaves most of the rare ones out. A weight for the rare class, or
logits adjusted by how frequent the classes are, move the line to where both are found. Focal loss looks at
hard rows, of whatever class.
"""

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(0)
common, rare = rng.normal(size=(2450, 2)), rng.normal(size=(50, 2)) + [2.0, 1.0]
points = np.concatenate([common, rare])
labels = np.repeat([0, 1], [len(common), len(rare)])
features = np.column_stack([np.ones(len(points)), points])


def fitted(loss, *known, columns, **options):
    """Weights of a linear model, by gradient descent with momentum."""
    gradient = nl.value_and_grad(loss)
    weights = np.zeros((3, columns))
    speed = np.zeros_like(weights)
    for _ in range(400):
        _, slopes = gradient((features @ weights).squeeze(), *known, **options)
        speed = 0.9 * speed - 0.5 * features.T @ slopes.reshape(len(points), columns)
        weights += speed
    return weights[:, 1] - weights[:, 0] if columns == 2 else weights[:, 0]


share = np.bincount(labels) / len(labels)
balance = (0.5 / share)[labels]
adjusted = fitted(nl.logit_adjusted_cross_entropy, labels, columns=2, prior=share)
found = {
    "bce_with_logits": fitted(nl.bce_with_logits, labels, columns=1),
    "focal, gamma = 2": fitted(nl.focal, labels, columns=1, gamma=2.0),
    "bce_with_logits, weighted": fitted(nl.bce_with_logits, labels, columns=1, weight=balance),
    "logit_adjusted_cross_entropy": adjusted,
}
figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
axes.plot(*common.T, ".", color="lightgray", markersize=3)
axes.plot(*rare.T, ".", color="black", label="the rare class")
across = np.linspace(-3.0, 5.0, 2)
for (name, line), style in zip(found.items(), ("-", "-", "-", "--"), strict=True):
    said = features @ line > 0
    recall, precision = said[labels == 1].mean(), labels[said].mean() if said.any() else 0.0
    figures = f"{recall:.0%} found, {precision:.0%} right"
    axes.plot(across, -(line[0] + line[1] * across) / line[2], style, label=f"{name}: {figures}")
axes.set(xlim=(-3.5, 5.0), ylim=(-3.5, 4.5))
axes.legend(fontsize="small", loc="lower left")

# %%
# None of the lines is wrong: finding most of the rare rows costs false alarms. What a false alarm costs is for you to
# say, and a weight says it.
