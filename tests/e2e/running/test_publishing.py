"""Published snapshots: equal to the warehouse, never half a run, and nobody waits for them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from hub.commands import dead_letters, rules
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.reprocess import ReprocessChoice
from loader.errors import HubError
from loader.warehouse import database_file, snapshots
from loader.warehouse.lock import InUse
from loader.warehouse.snapshots import newest_snapshot, publish, published_folder, why_unpublished
from tests.support.command_line import Command
from tests.support.published import is_published, mixed_state
from tests.support.workbench import PROJECT, Workbench, held


def event(key: str, value: float = 1) -> dict[str, object]:
    return {"key": key, "name": "a", "value": value, "ts": "2025-01-15T08:00:00"}


def files_of(bench: Workbench) -> set[str]:
    return {path.name for path in published_folder(bench.database).iterdir()}


def change(bench: Workbench, name: str = "changed") -> None:
    """Change the warehouse as a plain `dbt build` would, without the hub."""
    bench.sql(f"create table marts.{name} as select range as number from range(500000)")


def targets(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        ((count,),) = connection.execute("select count(*) from marts.events").fetchall()
    return int(count)


class TestAfterACommand:
    @pytest.mark.slow
    def test_a_snapshot_is_the_warehouse_and_the_next_one_writes_what_differs(
        self, after_run: Workbench
    ) -> None:
        publish(after_run.database)
        change(after_run)
        publish(after_run.database)
        assert is_published(after_run.database)

        after_run.drop("app/more.ndjson", [event("new")])
        after_run.run()

        assert is_published(after_run.database)
        change(after_run, "smaller")
        after_run.sql("drop table marts.smaller")
        before = newest_snapshot(after_run.database)
        last = publish(after_run.database)
        assert before is not None
        assert last is not None
        assert 0 < last.written < last.size
        assert is_published(after_run.database)
        assert mixed_state(last.path) is None
        # the one before stays for who has just asked for it
        assert files_of(after_run) == {
            "current.duckdb",
            "state.json",
            before.name,
            last.path.name,
        }

    def test_no_name_is_used_twice_even_in_a_folder_that_was_emptied(
        self, after_run: Workbench
    ) -> None:
        first = publish(after_run.database)
        assert first is not None
        with duckdb.connect(str(first.path), read_only=True):
            shutil.rmtree(published_folder(after_run.database))
            change(after_run, "later")
            second = publish(after_run.database)
            assert second is not None
            with duckdb.connect(str(second.path), read_only=True) as reader:
                assert reader.execute("select count(*) from marts.later").fetchone()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "work",
        [
            lambda bench: bench.land(),
            lambda bench: dead_letters.discard(bench.project, DeadLetterChoice(), "mia", "tests"),
            lambda bench: dead_letters.redrive(bench.project, DeadLetterChoice(entity="events")),
            lambda bench: rules.reprocess(bench.project, ReprocessChoice("events", key="k")),
        ],
        ids=["land", "discard", "redrive", "reprocess"],
    )
    def test_it_is_published(
        self, after_run: Workbench, work: Callable[[Workbench], object]
    ) -> None:
        work(after_run)

        assert is_published(after_run.database)

    @pytest.mark.slow
    def test_nothing_is_published_by_a_dry_run_or_where_it_is_switched_off(
        self, own_project: Workbench
    ) -> None:
        own_project.set_vars(publish=False)
        own_project.drop("app/1.ndjson", [event("k1")])
        own_project.land()
        own_project.set_vars(publish=True)
        own_project.drop("app/2.ndjson", [event("k2")])
        own_project.run(dry=True)

        assert not published_folder(own_project.database).exists()

    def test_a_publication_that_fails_fails_no_run(
        self, after_run: Workbench, command: Command
    ) -> None:
        published_folder(after_run.database).write_text("no folder")
        after_run.drop("app/more.ndjson", [event("new")])

        answer = command("land")

        published_folder(after_run.database).unlink()
        assert answer.code == 0
        assert "not published" in answer.err


class TestReaders:
    def test_keep_what_they_opened_and_keep_nobody_waiting(self, after_run: Workbench) -> None:
        publish(after_run.database)
        first = newest_snapshot(after_run.database)
        assert first is not None
        with (
            duckdb.connect(str(first), read_only=True) as here,
            held(first, read_only=True),
        ):
            for number in range(3):
                change(after_run, f"t{number}")
                assert publish(after_run.database) is not None
                assert is_published(after_run.database)
            assert here.execute("select count(*) from marts.events").fetchall() == [(4,)]
            assert not first.exists()

    def test_in_another_process_keep_a_snapshot_from_being_written_to(
        self, after_run: Workbench
    ) -> None:
        publish(after_run.database)
        first = newest_snapshot(after_run.database)
        assert first is not None
        content = first.read_bytes()
        kept = first.with_name("kept")
        kept.hardlink_to(first)
        with held(first, read_only=True):
            for number in range(2):
                change(after_run, f"t{number}")
                publish(after_run.database)
            assert kept.read_bytes() == content

    @pytest.mark.slow
    @pytest.mark.parametrize("asked", ["why evt-003", "report", "doctor", "report --json"])
    def test_are_answered_as_of_the_last_run_while_another_is_at_work(
        self, after_run: Workbench, command: Command, asked: str
    ) -> None:
        publish(after_run.database)
        ((run_id,),) = after_run.sql("select max(run_id) from ops.runs")

        with held(after_run.database):
            answer = command(*asked.split())
            waited = command(*asked.split(), "--wait", "0.1")

        assert answer.code == 0, answer.err
        assert "as of" in answer.out or '"as_of"' in answer.out
        assert run_id in answer.out
        assert (waited.code, "has it open" in waited.err) == (1, True)

    def test_are_told_who_has_the_warehouse_where_nothing_is_published(
        self, after_run: Workbench, command: Command
    ) -> None:
        with held(after_run.database):
            answer = command("why", "evt-003")

        assert answer.code == 1
        assert "has it open" in answer.err


class TestHalfARun:
    """A build that failed or was killed between decisions and targets is not published."""

    @pytest.mark.slow
    def test_is_not_published_until_the_next_run_has_completed_it(
        self, after_run: Workbench, command: Command
    ) -> None:
        publish(after_run.database)
        before = newest_snapshot(after_run.database)
        after_run.sql("delete from ops.completed_loads where entity = 'events'")

        answer = command("publish")

        assert answer.code == 1
        assert "events has decisions of records that its target lacks" in answer.err
        assert newest_snapshot(after_run.database) == before
        assert why_unpublished(after_run.database)
        after_run.run()
        assert is_published(after_run.database)
        assert why_unpublished(after_run.database) is None

    def test_is_that_of_a_run_that_was_killed(self, after_run: Workbench) -> None:
        after_run.sql("update ops.runs set status = 'running'")

        assert publish(after_run.database) is None
        assert "did not end" in (why_unpublished(after_run.database) or "")
        # it is known, and not looked for again
        assert publish(after_run.database) is None

    def test_is_that_of_a_redrive_that_failed(self, after_run: Workbench) -> None:
        after_run.sql("update ops.runs set status = 'failed'")
        after_run.sql(
            "insert into ops.redrive_requests (entity, record_id, attempt) values ('events', 1, 2)"
        )

        assert publish(after_run.database) is None
        assert "decided again" in (why_unpublished(after_run.database) or "")


class TestADisturbance:
    def test_by_a_process_that_has_the_warehouse_publishes_nothing(
        self, after_run: Workbench
    ) -> None:
        with held(after_run.database), pytest.raises(InUse, match="has it open"):
            publish(after_run.database)
        with duckdb.connect(str(after_run.database)), pytest.raises(InUse, match="has it open"):
            publish(after_run.database)
        assert newest_snapshot(after_run.database) is None

    def test_while_it_is_copied_throws_the_copy_away(
        self, after_run: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish(after_run.database)
        change(after_run)
        publish(after_run.database)
        real = os.pread
        writes: list[int] = []

        def pread(descriptor: int, size: int, position: int) -> bytes:
            found = real(descriptor, size, position)
            if size == database_file._BLOCK and not writes:
                writes.append(position)
                write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"
                statement = "create table marts.between as select range from range(300000)"
                program = [sys.executable, "-c", write, str(after_run.database), statement]
                subprocess.run(program, check=True)
            return found

        change(after_run, "more")
        before = newest_snapshot(after_run.database)
        monkeypatch.setattr(os, "pread", pread)
        with pytest.raises(InUse):
            publish(after_run.database)
        assert writes
        monkeypatch.undo()

        assert newest_snapshot(after_run.database) == before
        assert publish(after_run.database) is not None
        assert is_published(after_run.database)

    def test_of_an_old_snapshot_makes_the_next_one_a_full_copy(self, after_run: Workbench) -> None:
        change(after_run, "t0")
        oldest = publish(after_run.database)
        change(after_run, "t1")
        publish(after_run.database)
        assert oldest is not None
        with oldest.path.open("r+b") as file:
            file.seek(20 * 4096)
            file.write(b"torn")
        change(after_run)

        made = publish(after_run.database)

        assert made is not None
        assert made.written == made.size
        assert is_published(after_run.database)

    def test_by_a_crash_of_the_machine_makes_the_next_one_a_full_copy(
        self, after_run: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(2):
            change(after_run, f"t{number}")
            publish(after_run.database)
        change(after_run)
        monkeypatch.setattr(snapshots, "_boot", lambda: "another")

        made = publish(after_run.database)

        assert made is not None
        assert made.written == made.size

    def test_by_another_database_in_the_folder_is_refused(
        self, after_run: Workbench, tmp_path: Path
    ) -> None:
        publish(after_run.database)
        other = after_run.root / "other.duckdb"
        other.write_bytes(after_run.database.read_bytes())
        try:
            with pytest.raises(HubError, match=r"has the snapshots of warehouse\.duckdb"):
                publish(other)
        finally:
            other.unlink()


class TestTheWatcher:
    @contextmanager
    def watching(self, bench: Workbench) -> Iterator[None]:
        """The watcher at work; it has ended, without fault, when the block is left."""
        program = [sys.executable, "-c", "from hub.main import program; program()"]
        with subprocess.Popen(
            [*program, "publish", "--watch", "--project-dir", str(bench.root)],
            cwd=PROJECT,
            env={**os.environ, "HUB_DATABASE": str(bench.database)},
            stdout=subprocess.PIPE,
            text=True,
        ) as watcher:
            try:
                yield
            finally:
                watcher.send_signal(signal.SIGTERM)
                # read before the pipe is closed: a command that nobody reads ends with an error
                told, _ = watcher.communicate(timeout=30)
        assert watcher.returncode == 0
        assert "published" in told

    def test_publishes_what_was_changed_without_the_hub_until_it_is_ended(
        self, after_run: Workbench
    ) -> None:
        with self.watching(after_run):
            for name in ("first", "second"):
                change(after_run, name)
                deadline = time.monotonic() + 30
                while not is_published(after_run.database) and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert is_published(after_run.database)
