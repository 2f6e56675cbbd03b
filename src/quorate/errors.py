"""What the user can mend: every message says what was expected, what came, and the usual fix."""


def reason(error: Exception) -> str:
    """Return what went wrong in the system's own words, without its number and the path.

    >>> reason(FileNotFoundError(2, "No such file or directory", "a.toml")), reason(ValueError("b"))
    ('No such file or directory', 'b')
    """
    return str(getattr(error, "strerror", None) or error)


class QuorateError(Exception):
    """A mistake or a lack that the user can mend; the command line prints it and exits with 2."""


class InputError(QuorateError, ValueError):
    """An argument, parameter or data set is not what was expected."""


class DataUnavailableError(QuorateError):
    """A data set is neither on this machine nor reachable."""


class StoreError(QuorateError):
    """A store cannot be read or written; what it already holds is left as it is."""


class EmptyStoreError(StoreError):
    """A store was made, but the run ended before it held anything."""


class WorkerError(QuorateError):
    """A worker process died before its cell was done."""


class FitFailedError(QuorateError):
    """One training failed (it diverged, say): its cell is recorded as failed, the others go on."""


class PlatformError(QuorateError):
    """A platform refused a question, failed, or answered what cannot be read."""


class QuotaError(PlatformError):
    """A key has no queries left."""
