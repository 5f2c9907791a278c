"""Sentences about what went wrong beside the work, which goes on."""

from __future__ import annotations

import logging
import warnings
from contextvars import ContextVar

log = logging.getLogger("numloss")
_told: set[str] = set()
# What kernels are compiled for, where somebody waits for them.
wanted_for: ContextVar[str] = ContextVar("numloss_wanted_for", default="")


def tell(sentence: str) -> None:
    """Warn; where warnings are errors the sentence goes to the log, since what is done without fails nothing."""
    try:
        warnings.warn(sentence, stacklevel=3)
    except UserWarning:
        log.warning("%s", sentence)


def tell_once(sentence: str) -> None:
    """The same, the first time that this process has this to say."""
    if sentence not in _told:
        _told.add(sentence)
        tell(sentence)


def note_once(sentence: str) -> None:
    """On the log, which shows it on stderr unless its level or handlers are set otherwise: nothing is wrong."""
    if sentence not in _told:
        _told.add(sentence)
        log.warning("numloss: %s", sentence)
