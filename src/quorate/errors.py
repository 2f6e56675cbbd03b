"""Errors a user can fix: each message says what was expected, what came, and the usual fix."""

from quorate.printable import printable


def reason(error: Exception) -> str:
    """Return the system's own description of an error, without its number and path.

    >>> reason(FileNotFoundError(2, "No such file or directory", "a.toml")), reason(ValueError("b"))
    ('No such file or directory', 'b')
    """
    return str(getattr(error, "strerror", None) or error)


class QuorateError(Exception):
    """A mistake that the user can fix; the command line prints it and exits with 2.

    What a message quotes may be a stranger's text: nothing in it is obeyed by a terminal.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(QuorateError, ValueError):
    """An argument, parameter or data set is not as expected."""


class MissingPackageError(InputError):
    """A package that what was asked for needs is not installed."""


class DataUnavailableError(QuorateError):
    """A data set is neither on this machine nor reachable."""


class StoreError(QuorateError):
    """A store cannot be read or written; its contents are left as they are."""


class EmptyStoreError(StoreError):
    """A store was created, but the run ended before anything was stored."""


class WorkerError(QuorateError):
    """A worker process died before finishing its cell."""


class FitFailedError(QuorateError):
    """One training failed, say it diverged; its cell is recorded as failed and the others go on."""


class PlatformError(QuorateError):
    """A platform refused a query, failed, or gave an answer that cannot be read."""


class QuotaError(PlatformError):
    """A key has no queries left."""


class CoordinatorError(QuorateError):
    """A coordinator refused a request, failed, or gave an answer that cannot be read."""
