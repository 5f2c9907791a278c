"""Training small networks with any fitting loss."""

from .loop import Epoch, History, Trainer
from .objective import Objective, objective
from .optimisers import OPTIMISERS, SGD, Adam, AdamW, Optimiser, RMSprop, clip_by_norm, clip_by_value
from .run import Run, Settings, check_extras, fit, write
from .schedules import SCHEDULES, constant, cosine, exponential, linear_warmup, one_cycle, stepwise

__all__ = [
    "Adam", "AdamW", "Epoch", "History", "OPTIMISERS", "Objective", "Optimiser", "RMSprop", "Run", "SCHEDULES", "SGD",
    "Settings", "Trainer", "check_extras", "clip_by_norm", "clip_by_value", "constant", "cosine", "exponential", "fit",
    "linear_warmup", "objective", "one_cycle", "stepwise", "write",
]
