"""Why an API does not give a page: for good, or for the moment."""

from loader.errors import HubError


class PullFailed(HubError):
    """A pull cannot go on. What was pulled before stays, and the next pull continues there."""


class PageRejected(PullFailed):
    """The API refuses to give a page.   status: of its answer."""

    def __init__(self, where: str, what: str, remedy: str, status: int) -> None:
        super().__init__(where, what, remedy)
        self.status = status


class TransientError(Exception):
    """A transient error: the request is tried again.

    wait: the seconds that the API asks to wait, if it does.
    """

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait
