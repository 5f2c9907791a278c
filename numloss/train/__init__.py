"""Training small networks with any fitting loss."""

from .adam import Adam
from .loop import Epoch, History, Trainer
from .objective import Objective, objective
from .run import Run, Settings, check_extras, fit, write

__all__ = [
    "Adam", "Epoch", "History", "Objective", "Run", "Settings", "Trainer", "check_extras", "fit", "objective", "write",
]
