"""numloss: loss functions with their gradients and curvatures, at the speed of memory."""

from .backends.threads import num_threads, set_num_threads
from .combining import combine
from .custom import elementwise
from .dispatch import available_backends, use_backend
from .errors import BackendUnavailable, FormatError
from .evaluation import evaluate
from .losses.classification.bce import bce
from .losses.classification.bce_with_logits import bce_with_logits
from .losses.classification.cross_entropy import cross_entropy
from .losses.classification.focal import focal
from .losses.classification.hinge import hinge
from .losses.classification.kl_div import kl_div
from .losses.classification.nll import nll
from .losses.embedding.contrastive import contrastive
from .losses.probabilistic.gaussian_nll import gaussian_nll
from .losses.regression.huber import huber
from .losses.regression.log_cosh import log_cosh
from .losses.regression.mae import mae
from .losses.regression.mse import mse
from .losses.regression.quantile import quantile
from .losses.regularization.elastic_net import elastic_net
from .losses.regularization.l1 import l1
from .losses.regularization.l2 import l2
from .losses.reinforcement.td_error import td_error
from .losses.segmentation.dice import dice
from .losses.segmentation.focal_tversky import focal_tversky
from .losses.segmentation.jaccard import jaccard
from .losses.segmentation.tversky import tversky
from .transforms import grad, sum_and_weight, value_and_grad, value_grad_hess
from .version import __version__

__all__ = [
    "__version__",
    "available_backends",
    "BackendUnavailable",
    "bce",
    "bce_with_logits",
    "combine",
    "contrastive",
    "cross_entropy",
    "dice",
    "elastic_net",
    "elementwise",
    "evaluate",
    "focal",
    "focal_tversky",
    "FormatError",
    "gaussian_nll",
    "grad",
    "hinge",
    "huber",
    "jaccard",
    "kl_div",
    "l1",
    "l2",
    "log_cosh",
    "mae",
    "mse",
    "nll",
    "num_threads",
    "quantile",
    "set_num_threads",
    "sum_and_weight",
    "td_error",
    "tversky",
    "use_backend",
    "value_and_grad",
    "value_grad_hess",
]
