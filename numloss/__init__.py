"""numloss: loss functions with their gradients and curvatures, at the speed of memory."""

from .backends.threads import num_threads, set_num_threads
from .dispatch import available_backends, use_backend
from .errors import BackendUnavailable, FormatError
from .losses.regression.huber import huber
from .losses.regression.log_cosh import log_cosh
from .losses.regression.mse import mse
from .transforms import grad, sum_and_weight, value_and_grad, value_grad_hess

from .version import __version__
