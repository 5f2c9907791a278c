"""
A law of your own
=================

A loss is a formula of one element. Slope and curvature are derived from its text, exactly, and the result is a kernel
like those that are built in, with weights, reductions and threads. Here errors that are too low cost more than others.
"""

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl
from numloss.scalar import log1p, softplus


def late_or_early(pred, target, price):
    """A smooth loss that grows faster where the prediction is too low."""
    error = target - pred
    return price * softplus(error) + log1p(error * error)


loss = nl.elementwise(lambda pred, target, price: late_or_early(pred, target, price), price=1.0, name="late_or_early")
errors = np.linspace(-4.0, 4.0, 401)
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for price in (0.0, 1.0, 3.0):
    values, slopes, curvatures = nl.value_grad_hess(loss)(errors, np.zeros_like(errors), price=price, reduction="none")
    for place, line in zip(axes, (values, slopes, curvatures), strict=True):
        place.plot(errors, line, label=f"price = {price:g}")
for place, title in zip(axes, ("value", "slope", "curvature"), strict=True):
    place.set(title=title, xlabel="prediction, target 0")
axes[0].legend(fontsize="small")
print(nl.check(loss))
