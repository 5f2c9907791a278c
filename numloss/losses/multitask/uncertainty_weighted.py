"""Losses of several tasks, weighted by learned uncertainties."""

from ...declare import Array, ParameterOptions, Result, Unpack, parameterwise
from ...scalar import exp


def _uncertainty_weighted(loss, log_var):
    # half of the exponent twice: the precision alone may overflow or vanish where its product with a loss does not
    root = exp(-0.5 * log_var)
    # a task that costs nothing costs nothing, however sure it is; NaN stays NaN
    half = 0.5 * (loss * root) * root if loss != 0.0 else 0.0
    return half + 0.5 * log_var, (0.5 * root * root, 0.5 - half), (0.0, half)


@parameterwise(_uncertainty_weighted, differentiable=(0, 1), convex=False, cost=2.0, aliases=("multi_task_loss",))
def uncertainty_weighted(loss: Array, log_var: Array, **options: Unpack[ParameterOptions]) -> Result:
    r"""Losses of several tasks, ``sum((exp(-log_var) * loss + log_var) / 2)``, with weights that are learned.

    Each task has the logarithm of a variance as a parameter: the more uncertain, the less its loss counts. The gradient
    by a task's loss is what its own gradient is multiplied by.

    Parameters
    ----------
    loss : array of float32 or float64, any shape
        Losses of the tasks.
    log_var : array of float32 or float64, shape of `loss`
        Logarithms of the variances of the tasks; differentiated as well.

    Returns
    -------
    float or array
        The reduced loss, by default the sum, or an array of the shape of `loss` for ``reduction="none"``.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If `loss` or `log_var` is not floating.

    Notes
    -----
    Gradients and curvatures are pairs, by `loss` and by `log_var`, in the dtype of `loss`. The curvature by a loss is
    0; the bound is at least 1e-16.

    References
    ----------
    .. [1] A. Kendall, Y. Gal and R. Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry
       and Semantics", CVPR 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> losses, log_var = np.array([2.0, 0.5]), np.zeros(2)
    >>> nl.value_and_grad(nl.uncertainty_weighted)(losses, log_var)
    (1.25, (array([0.5, 0.5]), array([-0.5 ,  0.25])))
    """
