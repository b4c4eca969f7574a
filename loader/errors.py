"""The one family of errors that the hub shows its users: where, what, and what to do."""

import errno
import re

# what DuckDB says where the system's own number is lost
_NO_ROOM = re.compile(r"no space left|file too large|could not write", re.IGNORECASE)
_NO_MEMORY = re.compile(
    r"out of memory|bad_alloc|cannot allocate|failed to (pin|allocate)", re.IGNORECASE
)


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


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an error says that there is no memory; of a commit, DuckDB says so in its text."""
    return isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)) is not None


def error_of_the_machine(error: Exception) -> HubError:
    """What to tell of an error that neither the user nor the data made: no room, no memory, or a
    disk or database that does not do as it should. Nothing is half done after any of them."""
    first_line = (str(error).splitlines() or [type(error).__name__])[0]
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) or _NO_ROOM.search(first_line):
        return HubError("the disk", first_line, "Make room, then run the same command again.")
    if ran_out_of_memory(error):
        return HubError(
            "the memory",
            first_line,
            "Free some, or raise memory_limit (HUB_MEMORY_LIMIT), then run the same command again.",
        )
    where = getattr(error, "filename", None) or "the warehouse"
    return HubError(str(where), first_line, "Run `hub doctor`, then the same command again.")
