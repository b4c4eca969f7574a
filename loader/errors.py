"""The one family of errors that the hub shows its users: where, what, and what to do."""


class HubError(Exception):
    """Something a person must change before the command can succeed.

    where:  the file, setting or thing at fault.
    what:   what is wrong with it.
    remedy: what to do about it.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}. {remedy}")
        self.where = where
        self.what = what
        self.remedy = remedy


class WrongUse(HubError):
    """The command line or the project's settings are at fault, not the data or the machine."""

    exit_code = 2
