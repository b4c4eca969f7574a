"""Makes both ways of ending a command, Ctrl-C and SIGTERM, leave a closed run."""

import signal
import sys
from types import FrameType

_REQUESTED: list[int] = []


def set_up() -> None:
    """Raise KeyboardInterrupt in the main thread on SIGINT and SIGTERM, and remember it."""
    sys.unraisablehook = _unless_interrupted
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _handle)


def requested() -> bool:
    """Whether this process was asked to stop.

    A library may have caught the exception and taken it for an error of its own.
    """
    return bool(_REQUESTED)


def caused(error: BaseException) -> bool:
    """Whether it was a request to stop that ended in this error."""
    return isinstance(error, KeyboardInterrupt) or requested()


def _unless_interrupted(unraisable: "sys.UnraisableHookArgs") -> None:
    """Print what Python cannot raise, as in a finalizer, but for the interrupt, which is known."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def _handle(number: int, frame: FrameType | None) -> None:
    _REQUESTED.append(number)
    raise KeyboardInterrupt
