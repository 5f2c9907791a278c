"""
A slope where others have none
==============================

The gradient of cross-entropy at a row that is right with a growing margin, in float32. By the usual formula,
softmax minus one, it is 0 from a margin of 17 on, and nothing is learned from such rows again. Here it keeps its digits
until float32 has no smaller number.
"""

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

margins = np.linspace(0.0, 110.0, 441).astype(np.float32)
logits = np.zeros((margins.size, 3), np.float32)
logits[:, 0] = margins
labels = np.zeros(margins.size, int)
_, slopes = nl.value_and_grad(nl.cross_entropy)(logits, labels, reduction="sum")

exponentials = np.exp(logits - logits.max(1, keepdims=True))
usual = exponentials / exponentials.sum(1, keepdims=True)
usual[:, 0] -= 1.0

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for name, found, width in (("softmax - 1, in float32", usual[:, 0], 6.0), ("numloss", slopes[:, 0], 1.5)):
    axes.semilogy(margins, np.where(found != 0, -found, np.nan), linewidth=width, label=name)
axes.set(xlabel="margin of the right class", ylabel="size of the slope")
axes.legend()
