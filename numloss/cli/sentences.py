"""What a user can set right ends in one sentence, not in a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Make of errors that tell a user what is wrong the sentences that click prints; not with --traceback."""
    from ..common.extras import MissingExtra
    from ..errors import BackendUnavailable
    from .output import silenced

    try:
        yield
    except (ValueError, IndexError, TypeError, OSError, BackendUnavailable, MissingExtra) as error:
        if silenced() and isinstance(error, BrokenPipeError):
            raise SystemExit(1) from None  # as in `numloss losses | head -1`, where nobody wants to know
        if click.get_current_context().find_root().params.get("traceback"):
            raise
        raise click.ClickException(str(error)) from error
