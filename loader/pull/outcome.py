"""What became of the pull of a source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PullOutcome:
    """What became of the pull of one source.

    status:   complete or failed.   resumed: whether it went on with one that had not ended.
    since:    the value that it asked for; None for everything.
    until:    the end of the window that it asked for; None where there was none.
    pages, items: pulled now.       requests: made.   retries: of them, those that met a transient
    error.
    error:    why it failed.        exit_code: what the command ends with on its account.
    """

    source: str
    status: str
    resumed: bool = False
    since: str | None = None
    until: str | None = None
    pages: int = 0
    items: int = 0
    requests: int = 0
    retries: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    exit_code: int = 0
