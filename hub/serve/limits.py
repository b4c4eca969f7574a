"""Limits on how often somebody may ask for something."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from hub.serve.problems import Refused

# of whom is remembered that they asked; the oldest are forgotten
_MOST_NAMES = 10_000


class RateLimit:
    """So many a minute for each name, which may come all at once.

    what: what is limited, for the error.
    """

    def __init__(
        self, per_minute: int, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._what = what
        self._clock = clock
        self._lock = threading.Lock()
        # name -> what is left of its allowance, and since when it has been so
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count one for a name. Raises Refused with 429 where it has had its share."""
        now = self._clock()
        with self._lock:
            left, since = self._left.pop(name, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
            enough = left >= 1
            self._left[name] = (left - 1 if enough else left, now)
            if len(self._left) > _MOST_NAMES:
                self._left.popitem(last=False)
        if not enough:
            seconds = int((1 - left) * 60 / self._per_minute) + 1
            raise Refused(
                429,
                "Too Many Requests",
                f"more than {self._per_minute} {self._what} a minute: try again in {seconds} s",
                {"Retry-After": str(seconds)},
            )
