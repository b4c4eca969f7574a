"""A project whose `hub` commands can be disturbed, as children of this process.

A child is forked from a process that has dbt imported and the project parsed, which saves four of
seven seconds; a share of the cases starts `.venv/bin/hub` anew instead. What a child does is the
same: it enters `hub.main.main` with a command line, its output goes to files.
"""

import gc
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.support.first_build import add_first_build
from tests.support.oracle import File
from tests.support.record_strategies import NOW
from tests.support.workbench import copy_project, enter
from tests.torture.contents import half_done

HUB = Path(sys.executable).with_name("hub")
RUN = ("run", "--now", NOW.isoformat())
# by its plan, a second run opens the warehouse once and dbt not at all
RUN_BY_DBT = (*RUN, "--no-plan")
LAND = ("land",)
REDRIVE = ("redrive", "--entity", "events", "--now", NOW.isoformat())
REPROCESS = ("reprocess", "--entity", "orders", "--source", "alpha", "--now", NOW.isoformat())
DISCARD = ("discard", "--entity", "events", "--by", "torture", "--why", "to be killed")
# It has its own folder for what it parses: dbt parses all anew where vars are not those of before.
BUILD = (
    *("dbt", "build", "--quiet", "--target-path", "target-plain"),
    *("--exclude-resource-type", "unit_test", "--vars", json.dumps({"now": NOW.isoformat()})),
)
REFRESH = (*BUILD, "--full-refresh")
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
DEADLINE = 300.0  # seconds after which a child hangs, whatever the machine is busy with


@dataclass(frozen=True)
class Ended:
    """How a child ended. code: its exit code, or less the signal that ended it. cpu: how many
    seconds it worked."""

    code: int
    out: str
    err: str
    seconds: float
    cpu: float = 0.0

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(frozen=True)
class Child:
    """A command that is running."""

    pid: int
    started: float
    folder: Path

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def worked(self) -> float:
        """How many seconds it has worked so far, in its own code and in the kernel's."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def wait(self) -> Ended:
        """Wait until it ends. One that does not is killed: its code is then that of SIGALRM."""
        hangs = False
        while True:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - self.started > DEADLINE and not hangs:
                hangs = True
                self.send(signal.SIGKILL)
            time.sleep(0.002)
        code = -signal.SIGALRM if hangs else os.waitstatus_to_exitcode(status)
        return Ended(
            code,
            (self.folder / "out").read_text(errors="replace"),
            (self.folder / "err").read_text(errors="replace"),
            time.monotonic() - self.started,
            used.ru_utime + used.ru_stime,
        )


@dataclass(frozen=True)
class Glimpse:
    """What a copy of the warehouse shows while nobody has opened it since.

    moment:    how far the latest run had come.
    statuses:  of all runs in the log, oldest first.
    half_done: loads of which raw and ledger do not agree, or that it cannot be opened.
    has_held:  whether files were held, to land with the next command, after the others.
    """

    moment: str
    statuses: tuple[str, ...] = ()
    half_done: tuple[str, ...] = ()
    has_held: bool = False


class Playground:
    """A project with everything warm. `without_records` is the image of a warehouse that has built
    all there was, which was nothing.

    folder: for what belongs to it; the project is below it unless `root` says where.
    patch:  what undoes its being this process's working folder, if that is to be undone.
    """

    def __init__(
        self, folder: Path, root: Path | None = None, patch: pytest.MonkeyPatch | None = None
    ) -> None:
        self.folder = folder
        self._patch = patch or pytest.MonkeyPatch()
        self.root = root or folder / "hub"
        self.root.mkdir(parents=True)
        folder.mkdir(exist_ok=True)
        copy_project(self.root)
        add_first_build(self.root)
        self.enter()
        # what a child then finds imported and parsed
        self.bench.run(force=True, by_dbt=True)
        self.without_records = folder / "without-records"
        self.save(self.without_records)
        self.clear()

    def enter(self) -> None:
        """Work in the project, as somebody in a shell there would."""
        self.bench = enter(self.root, self._patch)

    def clear(self) -> None:
        """Empty the warehouse, the receipts, the snapshots and the landing folder."""
        remove_image(self.root)
        self.bench.empty_landing()

    def drop(self, files: Sequence[File]) -> None:
        for file in files:
            self.bench.drop(file.path, file.content)

    def drop_event(self, key: str) -> None:
        """Deliver one event with a key of its own."""
        record = {"key": key, "name": "torture", "value": 1, "ts": "2025-01-15T08:00:00"}
        self.bench.drop(f"app/{key}.ndjson", [record])

    def save(self, image: Path) -> None:
        """Copy the warehouse as the disk has it, the receipts and the snapshots."""
        copy_image(self.root, image)

    def restore(self, image: Path) -> None:
        """Put an image in the warehouse's place."""
        remove_image(self.root)
        copy_image(image, self.root)

    def start(
        self,
        arguments: Sequence[str],
        *,
        real: bool = False,
        under: Sequence[str] = (),
        prepare: Callable[[], None] | None = None,
        name: str = "child",
    ) -> Child:
        """Start `hub` with these arguments, or dbt, if the first of them is its name.

        real:    as a process of its own, instead of a fork of this one.
        under:   the command line of a program that starts it, and is told it last.
        prepare: what the fork does to itself before it begins.
        name:    of the folder for what it prints; of two that run at once each needs its own.
        """
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        outputs = [(1, folder / "out"), (2, folder / "err")]
        started = time.monotonic()
        if real or under:
            actions = [
                (os.POSIX_SPAWN_OPEN, number, str(path), _WRITE, 0o600) for number, path in outputs
            ]
            command = [*under, str(HUB), *arguments]
            pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        else:
            pid = os.fork()
            if pid == 0:
                _become_hub(arguments, outputs, prepare)
        return Child(pid, started, folder)

    def hub(self, arguments: Sequence[str], prepare: Callable[[], None] | None = None) -> Ended:
        """Start `hub` and wait for its end."""
        return self.start(arguments, prepare=prepare).wait()

    def glimpse(self, loads: int) -> Glimpse:
        """Look at a copy of the warehouse, so that it stays as it is.

        loads: how many there are when all files have landed.
        """
        copy = self.folder / "glimpse"
        remove_image(copy)
        copy_image(self.root, copy)
        if not (copy / "warehouse.duckdb").exists():
            return Glimpse("before there was a warehouse")
        try:
            with duckdb.connect(str(copy / "warehouse.duckdb")) as connection:
                return _look(lambda query: connection.execute(query).fetchall(), loads)
        except duckdb.Error as error:
            return Glimpse("unreadable", half_done=(f"the warehouse cannot be opened: {error}",))


def _become_hub(
    arguments: Sequence[str],
    outputs: Sequence[tuple[int, Path]],
    prepare: Callable[[], None] | None,
) -> None:
    """Be the `hub` command from here to this process's end, as the interpreter would run it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import cli as dbt

    from hub.main import main as hub

    # dbt's static parser, once used, hangs in a fork
    os.environ["DBT_STATIC_PARSER"] = "false"
    # it lives for seconds, and would copy every page that the collector touches
    gc.disable()
    code = 1
    try:
        for number, path in outputs:
            os.dup2(os.open(path, _WRITE, 0o600), number)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        sys.argv = [str(HUB), *arguments]
        if prepare:
            prepare()
        if arguments[0] == "dbt":
            try:
                dbt(arguments[1:])
            finally:
                # as the end of its process would; a log would be left otherwise
                DuckDBConnectionManager.close_all_connections()
        else:
            hub()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _look(sql: Callable[[str], list[tuple[object, ...]]], loads: int) -> Glimpse:
    tables = {name for (name,) in sql("select table_name from duckdb_tables()")}
    if "runs" not in tables or "loads" not in tables:
        return Glimpse("before its start was logged")
    statuses = tuple(
        str(status) for (status,) in sql("select status from ops.runs order by run_id")
    )
    ((landed, held),) = sql("select count(*), count(*) filter (status = 'held') from raw.loads")
    if "running" not in statuses:
        ended = statuses and landed == loads
        moment = "after its end was logged" if ended else "before its start was logged"
    else:
        moment = "while landing" if landed != loads else "while building"
    return Glimpse(moment, statuses, tuple(half_done(sql)), bool(held))


def copy_image(source: Path, target: Path) -> None:
    """Copy what a hub keeps between its commands: database, log, receipts, snapshots."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.glob("warehouse.duckdb*"):
        if path.is_file():
            shutil.copy(path, target / path.name)
    for name in ("receipts", "published"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, symlinks=True)


def remove_image(folder: Path) -> None:
    for path in folder.glob("warehouse.duckdb*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name in ("receipts", "published"):
        shutil.rmtree(folder / name, ignore_errors=True)
