"""The exceptions of numloss that Python does not have already."""


class BackendUnavailable(RuntimeError):
    """A backend was asked for by name and cannot run here; the message says why and what to install."""


class FormatError(ValueError):
    """A file is not what it claims to be; the message says which file and where."""
