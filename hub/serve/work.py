"""Starts hub commands as processes of their own, so that they take turns like all others."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.serve.access import Identity
from hub.serve.problems import Refused
from loader.config.project import Project
from loader.config.request import Request
from loader.warehouse.lock import is_being_written
from loader.warehouse.run_log import new_run_id, utc_now

log = logging.getLogger(__name__)

HUB = (sys.executable, "-m", "hub")
# secrets of the server are no business of a run
_OWN_SECRETS = ("SECRET_KEY",)
# a stream has the warehouse for moments only: whoever comes then is not refused
_MOMENT = 1.0
_WAIT_SECONDS = "30"
_QUICK_SECONDS = 60
_MOST_KEPT = 100
_ERROR = re.compile(r"^hub: (.+)$", re.MULTILINE)


@dataclass
class Job:
    """A command that was started and logs a run.

    receipt: what it printed, once it has ended.   error: what it said where it failed.
    stage:   what it is at, as it logged last.
    """

    run_id: str
    command: str
    requested_by: str
    started_at: datetime
    stage: str = "-"
    exit_code: int | None = None
    ended_at: datetime | None = None
    receipt: dict[str, Any] | None = None
    error: str | None = None

    @property
    def status(self) -> str:
        """running, succeeded or failed."""
        if self.exit_code is None:
            return "running"
        return "failed" if self.exit_code else "succeeded"

    def progress(self) -> dict[str, Any]:
        """What is known of the run, in the words of a receipt."""
        end = self.ended_at or utc_now()
        known = self.receipt or {
            "run_id": self.run_id,
            "command": self.command,
            "status": self.status,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "duration_ms": int((end - self.started_at).total_seconds() * 1000),
            "errors": [self.error] if self.error else [],
        }
        return {**known, "stage": self.stage, "requested_by": self.requested_by}


@dataclass
class Work:
    """The commands that were started, and what they are told.

    hub: what starts a hub command, before its words.
    """

    project: Project
    hub: Sequence[str] = HUB
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _jobs: dict[str, Job] = field(default_factory=dict)

    def start(
        self, words: Sequence[str], who: Identity, request_id: str, asked: Mapping[str, Any]
    ) -> Job:
        """Start a command that logs a run. Raises Refused with 409 while one is at work.

        asked: what was asked for, for the audit log.
        """
        with self._lock:
            at_work = [job.run_id for job in self._jobs.values() if job.exit_code is None]
            if at_work:
                raise _at_work(f"the run {at_work[0]} is at work: see /runs/{at_work[0]}")
            if self._is_in_use():
                raise _at_work("another hub command is writing to the warehouse")
            now = utc_now()
            job = Job(new_run_id(now), words[0], who.subject, now)
            request = Request(request_id, who.subject, dict(asked), job.run_id)
            process = self._process(words, request, "--wait", _WAIT_SECONDS)
            self._jobs[job.run_id] = job
            while len(self._jobs) > _MOST_KEPT:
                self._jobs.pop(next(iter(self._jobs)))
        threading.Thread(target=_follow, args=(process, job), daemon=True).start()
        log.info("started hub %s as run %s", words[0], job.run_id)
        return job

    def finish(
        self, words: Sequence[str], who: Identity, request_id: str, asked: Mapping[str, Any]
    ) -> Any:
        """Carry out a quick command; returns what it printed. Raises Refused where it failed."""
        process = self._process(words, Request(request_id, who.subject, dict(asked)))
        try:
            out, err = process.communicate(timeout=_QUICK_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise Refused(503, "Service Unavailable", "it took too long: try again") from error
        if process.returncode:
            said = _ERROR.findall(err.decode(errors="replace"))
            detail = said[-1] if said else f"it ended with {process.returncode}"
            if process.returncode == 2:
                raise Refused(422, "Request not understood", detail)
            raise _at_work(detail)
        return json.loads(out)

    def find(self, run_id: str) -> Job | None:
        """A command that this server started, by its run."""
        return self._jobs.get(run_id)

    def _is_in_use(self) -> bool:
        deadline = time.monotonic() + _MOMENT
        while is_being_written(self.project.database):
            if time.monotonic() > deadline:
                return True
            time.sleep(0.02)
        return False

    def _process(
        self, words: Sequence[str], request: Request, *more: str
    ) -> "subprocess.Popen[bytes]":
        project = self.project
        environment = {
            name: value for name, value in os.environ.items() if name not in _OWN_SECRETS
        }
        return subprocess.Popen(
            [
                *self.hub,
                *words,
                *more,
                "--json",
                *("--project-dir", str(project.root)),
                *("--database", str(project.database)),
                *("--landing", str(project.landing)),
                *("--log-level", "info", "--log-format", "json"),
            ],
            # dbt reads the project anew where the path of the database is told otherwise
            cwd=project.root,
            env=environment | request.as_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # it goes on when the server is stopped by Ctrl-C
            start_new_session=True,
        )


def _at_work(detail: str) -> Refused:
    return Refused(409, "Conflict", f"{detail}: try again later", {"Retry-After": "10"})


def _follow(process: "subprocess.Popen[bytes]", job: Job) -> None:
    """Note what a command logs and prints, until it ends."""
    assert process.stdout
    assert process.stderr
    printed: list[bytes] = []
    reader = threading.Thread(target=lambda out: printed.append(out.read()), args=(process.stdout,))
    reader.start()
    for line in process.stderr:
        text = line.decode(errors="replace").strip()
        if text.startswith("hub: "):
            job.error = text.removeprefix("hub: ")
        else:
            try:
                job.stage = json.loads(text)["stage"]
            except (ValueError, KeyError, TypeError):
                continue
    reader.join()
    code = process.wait()
    try:
        printed_last = json.loads(printed[0])
        job.receipt = printed_last.get("run", printed_last)
    except (ValueError, AttributeError):
        job.error = job.error or f"it ended with {code}"
    job.ended_at = datetime.now(UTC).replace(tzinfo=None)
    job.exit_code = code
    log.info("run %s ended with %s", job.run_id, code)
