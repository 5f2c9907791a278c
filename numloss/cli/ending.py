"""Signals that ask to end: the first is noted, the second ends the process wherever it is."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

# What batch systems and closed terminals send.
TIDILY = (signal.SIGTERM, signal.SIGHUP)
# Seconds in which the same wish may come twice: from a terminal, or a batch system, and from the launcher.
AGAIN = 0.3


class Ending:
    """The signal that asked to end, 0 for none."""

    number = 0


def tidy_ends() -> AbstractContextManager[Ending]:
    """Make of a signal that ends a process an exit like any other, which removes what is half done."""
    return ending(TIDILY, leaves=True)


@contextlib.contextmanager
def ending(asking: Sequence[int], leaves: bool = False) -> Iterator[Ending]:
    """Note the first of these signals instead of dying of it; a second one ends the process at once.

    With `leaves`, the first raises SystemExit in the block.

    Python handles a signal between two of its own steps. A process that waits in a library never comes to the next, so
    signals are also read from a pipe, by a thread. A signal that whoever started the process has set to be ignored
    stays so.
    """
    noted, kept, left = Ending(), {}, False

    def note(number: int, frame: object) -> None:
        nonlocal left
        noted.number = noted.number or number
        if leaves and not left:
            left = True
            raise SystemExit(128 + number)

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    wakes = -2
    with contextlib.suppress(ValueError):  # signals belong to the main thread
        wakes = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        heard = [number for number in asking if signal.getsignal(number) is not signal.SIG_IGN]
        kept = {number: signal.signal(number, note) for number in heard}
    listener = threading.Thread(target=_listen, args=(reading, frozenset(kept), noted), daemon=True)
    listener.start()
    try:
        yield noted
    finally:
        for number, handler in kept.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if wakes != -2:
            signal.set_wakeup_fd(wakes)
        os.write(writing, b"\0")
        listener.join()
        os.close(writing)
        os.close(reading)


def _listen(reading: int, numbers: frozenset[int], noted: Ending) -> None:
    """Read signals until there is a 0; the process ends with the second."""
    until = 0.0
    while number := os.read(reading, 1)[0]:
        if number not in numbers:
            continue
        if not until:
            noted.number, until = number, time.monotonic() + AGAIN
        elif time.monotonic() > until:
            os.write(2, f"ended at once by a second signal, {signal.Signals(number).name}\n".encode())
            os._exit(128 + number)
