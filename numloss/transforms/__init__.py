"""From a loss to its gradient, its curvature, its sum and weight; and from several losses to one."""

from .combine_losses import combine
from .derivatives import grad, hvp, sum_and_weight, unwrapped, value_and_grad, value_grad_hess, vjp

__all__ = ["combine", "grad", "hvp", "sum_and_weight", "unwrapped", "value_and_grad", "value_grad_hess", "vjp"]
