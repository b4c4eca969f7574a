"""The one error of the readers."""


class UnreadableFile(Exception):
    """A file that cannot be trusted as a whole, so that no part of it may land.

    `reason` is one short word for machines ('truncated_json'), `str(error)` a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
