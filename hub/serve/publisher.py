"""Keeps `hub publish --watch` at work, as a process of its own: it publishes what plain `dbt build`
changes."""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence

from loader.config.project import Project

log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# one that lived so long had come up well
_LIVED_SECONDS = 60.0
_END_SECONDS = 5.0
# The server holds the other end of its standard input: however the server ends, this one does, too.
_TIED = """
import os, sys, threading
def end_with_parent():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
from hub.main import program
program()
"""


class Publisher:
    """The process that publishes. state: running, restarting or off."""

    def __init__(self, command: Sequence[str], first_pause: float = _FIRST_PAUSE) -> None:
        self._command = list(command)
        self._first_pause = first_pause
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.state = "off"

    def start(self) -> None:
        """Start it, and again whenever it has ended, after a pause that grows."""
        self.state = "running"
        self._thread = threading.Thread(target=self._keep, name="publisher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for its end."""
        self._ended.set()
        if self.process is not None and self.process.stdin:
            # it is tied to this end, and goes without a word
            self.process.stdin.close()
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        self.state = "off"

    def _keep(self) -> None:
        pause = self._first_pause
        while not self._ended.is_set():
            # of the terminal's Ctrl-C the server hears, and ends it
            with subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            ) as self.process:
                self.state = "running"
                try:
                    self.process.wait(_LIVED_SECONDS)
                except subprocess.TimeoutExpired:
                    pause = self._first_pause
                    self.process.wait()
            if self._ended.is_set():
                return
            self.state = "restarting"
            log.error(
                "the publisher ended with %s; it is started again in %g s",
                self.process.returncode,
                pause,
            )
            self._ended.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def publisher_of(project: Project) -> Publisher:
    """The publisher of a project."""
    return Publisher(
        [
            *(sys.executable, "-c", _TIED, "publish", "--watch"),
            *("--project-dir", str(project.root)),
            *("--database", str(project.database)),
            *("--landing", str(project.landing)),
        ]
    )
