"""Sends OpenLineage events from a thread of its own: whoever takes them, no run waits for that."""

import atexit
import contextlib
import logging
import os
import queue
import threading
import time
from typing import Any

from hub.telemetry.lineage import JobEvent
from loader.config.project import Project

log = logging.getLogger(__name__)

# How long the end of a command waits for the last events to be taken.
_SECONDS_AT_THE_END = 1.0
# What waits for a receiver that is gone, at most: a stream makes two events a second.
_MOST_WAITING = 1_000

_PREFIX = "OPENLINEAGE__"

_emitters: dict[str, "Emitter"] = {}


def emitter_of(project: Project) -> "Emitter":
    """The emitter of this process for a warehouse; begun, where there is none yet."""
    return _emitters.setdefault(str(project.database), Emitter(project)).started()


class Emitter:
    """Takes events and sends them, one after the other, in a thread."""

    def __init__(self, project: Project) -> None:
        self._database = str(project.database)
        self._waiting: queue.Queue[JobEvent | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lost = 0

    def started(self) -> "Emitter":
        """Itself, with its thread at work."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="lineage", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        return self

    def tell(self, event: JobEvent) -> None:
        """Send an event, some time. Returns at once."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Send what is left; a receiver that does not answer is not waited for."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        atexit.unregister(self.close)
        deadline = time.monotonic() + _SECONDS_AT_THE_END
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_SECONDS_AT_THE_END)
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._lost or thread.is_alive():
            log.warning("lineage events were lost: nobody takes them")

    def _work(self) -> None:
        client = None
        while (event := self._waiting.get()) is not None:
            try:
                client = client or _client()
                self._send(client, event)
            except Exception as error:
                # whatever the library raises; its text may hold the address
                self._lost += 1
                log.warning("a lineage event was not taken: %s", type(error).__name__)

    def _send(self, client: Any, event: JobEvent) -> None:
        from hub.telemetry.openlineage import as_openlineage

        client.emit(as_openlineage(event, self._database))


def _client() -> Any:
    """The library's client, which reads its own settings from the environment."""
    from openlineage.client import OpenLineageClient

    # what the library logs may hold the address, and would go around the hub's log
    logger = logging.getLogger("openlineage")
    logger.handlers = [logging.NullHandler()]
    logger.propagate = False
    given = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    try:
        return OpenLineageClient()
    finally:
        # it writes what it makes of OPENLINEAGE_URL into the environment, with the key
        for name in [name for name in os.environ if name.startswith(_PREFIX)]:
            if name not in given:
                del os.environ[name]
