"""
A line through points of which some are wild
============================================

The pull of a point on the fit is the slope of the loss. That of `mse` grows with the error, that of `huber`
stays where it is, and that of `cauchy` and `tukey` fades: what is far enough away does not count.

Each line is fitted by Newton steps with the tight curvature, which is positive everywhere.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(1)
x = np.linspace(0.0, 1.0, 60)
y = 1.0 + 2.0 * x + rng.normal(scale=0.1, size=x.size)
wild = rng.choice(np.arange(35, 60), 12, replace=False)
y[wild] = rng.uniform(-3.0, 0.5, wild.size)
features = np.column_stack([np.ones_like(x), x])


def fitted(loss, start):
    """Intercept and slope of the line of least loss near a start."""
    derivatives, line = nl.value_grad_hess(loss, curvature="tight"), start
    for _ in range(50):
        _, slopes, curvatures = derivatives(features @ line, y, reduction="sum")
        line = line - np.linalg.solve(features.T @ (curvatures[:, None] * features), features.T @ slopes)
    return line


losses = {
    "mse": nl.mse,
    "huber, delta = 0.2": partial(nl.huber, delta=0.2),
    "cauchy, c = 0.2": partial(nl.cauchy, c=0.2),
    "tukey, c = 1": partial(nl.tukey, c=1.0),
}
start = fitted(losses["huber, delta = 0.2"], np.zeros(2))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.plot(x, y, ".", color="gray")
left.plot(x, 1.0 + 2.0 * x, color="black", linewidth=4.0, alpha=0.3, label="the truth: slope 2")
errors = np.linspace(-2.0, 2.0, 401)
for name, loss in losses.items():
    line = fitted(loss, start)
    left.plot(x, features @ line, label=f"{name}: slope {line[1]:.2f}")
    _, pull = nl.value_and_grad(loss)(errors, np.zeros_like(errors), reduction="sum")
    right.plot(errors, np.clip(pull, -1.2, 1.2), label=name)
left.set(title="fits", xlabel="x", ylabel="y")
right.set(title="pull: the slope of the loss", xlabel="error")
left.legend(fontsize="small", loc="lower left")

# %%
# A loss that fades finds the best line near its start alone, so all are started from that of `huber`. How far is
# far is yours to say: twice the scale of the noise is a usual `delta`.
