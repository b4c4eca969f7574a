"""The one error of the readers."""


class UnreadableFile(Exception):
    """A file that cannot be trusted as a whole, so that no part of it may land.

    `reason` is one short word for machines ('truncated_json'), `str(error)` a sentence for people.
    `truncated` is True where the file merely ends early: it may still be being written.
    """

    def __init__(self, reason: str, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.truncated = truncated
