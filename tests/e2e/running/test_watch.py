"""`hub watch`: what comes is landed and built, by itself, and nothing stops it but a signal."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from hub.runs import arrivals, kept_run
from hub.runs.run import RunResult, RunSpec
from loader.config.project import Project
from loader.warehouse.connection import open_warehouse
from tests.support.landed import raw
from tests.support.workbench import Workbench

LINE = '{"key":"k1","name":"a","value":1,"ts":"2025-01-15T08:00:00"}\n'
OTHER = LINE.replace("k1", "k2")
QUICK = {"first_pause": 0.01, "longest_pause": 0.02, "failures_to_open": 2}


@pytest.fixture
def watched(own_project: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A workbench whose runs land and build nothing; the watcher looks often."""
    own_project.set_vars(stream=QUICK, publish=False)
    monkeypatch.setattr(arrivals, "_LOOK_SECONDS", 0.02)
    return own_project


def watch(
    bench: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    *runs: Callable[[], list[str] | None],
    every: float = 0.0,
) -> arrivals.WatchSummary:
    """Watch, with a run for each of the given: it lands, then does what is given, which returns
    the errors of the build. The one that would follow ends it, as Ctrl-C does."""
    waiting = list(runs)

    def carry_out(project: Project, spec: RunSpec) -> RunResult:
        if not waiting:
            raise KeyboardInterrupt
        with open_warehouse(project) as connection:
            landing = spec.prepare(connection, "run")
        errors = [*(waiting.pop(0)() or []), *landing.errors()]
        receipt = {
            "run_id": "run",
            "status": "failed" if errors else "succeeded",
            "errors": errors,
        }
        return RunResult(receipt, landing, False, [], ())

    monkeypatch.setattr(kept_run, "carry_out", carry_out)
    return arrivals.take_arrivals(bench.project, every=every)


@pytest.mark.slow
def test_files_are_taken_up_when_they_come_and_when_they_change(
    watched: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = watched.drop("app/a.ndjson", LINE)

    def add() -> None:
        watched.drop("app/below/b.ndjson", OTHER)

    def append() -> None:
        with first.open("a") as file:
            file.write(OTHER)

    def nothing() -> None:
        threading.Timer(0.2, os.utime, [first]).start()

    found = watch(watched, monkeypatch, add, append, nothing)

    assert (found.runs, found.files, found.records) == (3, 3, 4)
    assert raw(watched) == [record.strip() for record in (LINE, OTHER, LINE, OTHER)]


@pytest.mark.slow
def test_a_file_that_is_still_being_written_is_taken_up_when_it_is_whole(
    watched: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(LINE.encode())
    path = watched.drop("app/a.ndjson.gz", content[:-5])

    def complete() -> None:
        path.write_bytes(content)

    def touch() -> None:
        watched.drop("web/w.ndjson", OTHER)

    found = watch(watched, monkeypatch, complete, touch)

    assert found.files == 1
    assert raw(watched) == [LINE.strip()]


@pytest.mark.slow
def test_what_comes_in_quick_succession_is_one_run(
    watched: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    names = [f"app/{number}.ndjson" for number in range(5)]

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if names and now > 1:
            watched.drop(name := names.pop(), LINE.replace("k1", name))

    monkeypatch.setattr(arrivals, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))

    def end() -> None:
        watched.drop("web/w.ndjson", OTHER)

    found = watch(watched, monkeypatch, lambda: None, end, every=3)

    assert (found.runs, found.files) == (2, 5)


@pytest.mark.slow
def test_a_build_that_fails_is_made_again_until_it_succeeds(
    watched: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watched.drop("app/a.ndjson", LINE)

    def fail() -> list[str]:
        return ["events_decisions: no"]

    def succeed() -> None:
        watched.drop("app/b.ndjson", OTHER)

    found = watch(watched, monkeypatch, fail, fail, fail, succeed)

    assert found.failures == 3
    assert raw(watched) == [LINE.strip()]
    assert "circuit open" in caplog.text
    assert "recovered: after 3 failed attempts" in caplog.text


def test_a_file_that_is_archived_wakes_nobody(
    watched: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.set_meta("app", after_landing="archive")
    path = watched.drop("app/a.ndjson", LINE)
    runs: list[bool] = []

    def first() -> None:
        runs.append(path.exists())
        threading.Timer(0.3, watched.drop, ("app/b.ndjson", OTHER)).start()

    def second() -> None:
        runs.append((watched.root / "landing/app/b.ndjson").exists())
        watched.drop("web/w.ndjson", OTHER)

    found = watch(watched, monkeypatch, first, second)

    assert runs == [False, False]
    assert found.files == 2


class Watching:
    """A `hub watch` in a process of its own."""

    def __init__(self, root: Path) -> None:
        self.log = (root / "watch.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "watch", "--every", "0.2", "--json"],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def end(self) -> dict[str, Any]:
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def watching(own_project: Workbench) -> Iterator[Watching]:
    own_project.drop_samples()
    watching = Watching(own_project.root)
    yield watching
    watching.process.kill()
    watching.process.wait()
    watching.log.close()


def wait_for_rows(bench: Workbench, rows: int) -> None:
    """Wait until the published target of events has so many rows."""
    current = bench.root / "published" / "current.duckdb"
    for _ in range(1200):
        if current.exists():
            with duckdb.connect(str(current.resolve()), read_only=True) as connection:
                if connection.execute("select count(*) from marts.events").fetchall() == [(rows,)]:
                    return
        time.sleep(0.1)
    raise AssertionError(f"no {rows} rows")


@pytest.mark.nightly
def test_the_command_takes_up_files_and_ends_well_on_sigterm(
    own_project: Workbench, watching: Watching
) -> None:
    wait_for_rows(own_project, 4)
    own_project.drop("app/more.ndjson", LINE.replace("k1", "k9"))
    wait_for_rows(own_project, 5)

    found = watching.end()

    assert (found["files"], found["failures"]) == (7, 0)
    assert found["receipt"]["status"] == "succeeded"
    assert own_project.sql("select count(*) from ops.runs where status = 'running'") == [(0,)]
