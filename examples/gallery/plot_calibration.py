"""
What a probability is worth
===========================

A model is calibrated if of the rows to which it gives 0.8, eight in ten are right. Proper losses, such as
`bce_with_logits`, lead there: they are least where the model says what is so. Losses that look at hard rows
(focal) or at margins alone (hinge) order rows as well, and their scores are no probabilities.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(0)
x = rng.normal(scale=1.5, size=20_000)
truth = 1.0 / (1.0 + np.exp(-2.0 * x))
labels = (rng.random(x.size) < truth).astype(float)

losses = {
    "bce_with_logits": nl.bce_with_logits,
    "focal, gamma = 3": partial(nl.focal, gamma=3.0),
    "squared_hinge": nl.squared_hinge,
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
left.plot([0, 1], [0, 1], color="black", linewidth=1.0, label="calibrated")
edges = np.linspace(0.0, 1.0, 11)
for name, loss in losses.items():
    gradient, steepness = nl.value_and_grad(loss), 1.0
    for _ in range(300):
        _, slopes = gradient(steepness * x, labels)
        steepness -= 0.5 * (x @ slopes)
    said = 1.0 / (1.0 + np.exp(-steepness * x))
    place = np.clip(np.digitize(said, edges) - 1, 0, 9)
    rows = np.bincount(place, minlength=10)
    means = [np.bincount(place, each, minlength=10) / np.maximum(rows, 1) for each in (said, labels)]
    error = (rows * abs(means[0] - means[1])).sum() / rows.sum()
    left.plot(means[0][rows > 0], means[1][rows > 0], marker="o", label=f"{name}: ECE {error:.3f}")
    right.hist(said, bins=edges, histtype="step", linewidth=1.5, label=name)
left.set(title="how often it is so", xlabel="probability that the model gives", ylabel="share of labels that are 1")
right.set(title="how sure it is", xlabel="probability that the model gives", ylabel="rows")
left.legend(fontsize="small")

# %%
# ``numloss evaluate --metric ece`` measures the error of files of predictions of any size, with intervals.
