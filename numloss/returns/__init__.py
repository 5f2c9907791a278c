"""What follows from rewards: advantages, returns and targets of value functions, as arrays.

::

    advantages, returns = numloss.returns.gae(reward, value, next_value, terminated=terminated, truncated=truncated)

Time is the first axis, or `axis`; all others are columns, each of them walked from its last step to its first by
itself. Flags are those of Gymnasium: what is `terminated` has nothing behind it; what is `truncated`, as the last step
of all is, goes on elsewhere, so that `next_value` counts and what lies behind does not. ``numloss.vjp`` of such a
function pulls cotangents of its results back to rewards and values. Advantages of answers beside the others of their
group, `group_advantages` and `rloo`, know no time, and neither does `categorical_projection`, the target of C51.
"""

from .categorical_projection import categorical_projection
from .gae import gae
from .group_advantages import group_advantages, rloo
from .lambda_returns import discounted, lambda_returns, n_step
from .retrace import retrace
from .vtrace import vtrace

__all__ = [
    "categorical_projection",
    "discounted",
    "gae",
    "group_advantages",
    "lambda_returns",
    "n_step",
    "retrace",
    "rloo",
    "vtrace",
]
