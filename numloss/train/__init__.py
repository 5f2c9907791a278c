"""Training small networks with any fitting loss."""

from .checkpoint import Checkpoints
from .loop import Callback, Epoch, History, Trainer
from .model import Model, load_model
from .objective import Objective, objective
from .optimisers import OPTIMISERS, SGD, Adam, AdamW, Optimiser, RMSprop, clip_by_norm, clip_by_value
from .run import Run, check_extras, fit, write
from .schedules import SCHEDULES, constant, cosine, exponential, linear_warmup, one_cycle, stepwise
from .settings import Settings, settings_from
from .step import Step

__all__ = [
    "Adam", "AdamW", "Callback", "Checkpoints", "Epoch", "History", "Model", "OPTIMISERS", "Objective", "Optimiser",
    "RMSprop", "Run", "SCHEDULES", "SGD", "Settings", "Step", "Trainer", "check_extras", "clip_by_norm",
    "clip_by_value", "constant", "cosine", "exponential", "fit", "linear_warmup", "load_model", "objective",
    "one_cycle", "settings_from", "stepwise", "write",
]
