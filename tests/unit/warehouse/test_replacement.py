"""A warehouse is replaced whole, whenever the process that does it is killed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from loader.warehouse import replacement
from loader.warehouse.lock import InUse, no_stream_lock, stream_lock, warehouse_lock
from loader.warehouse.replacement import (
    DATABASE,
    RECEIPTS,
    complete_replacement,
    empty_folder_beside,
    log_of,
    replace_warehouse,
)

OLD_RUN, NEW_RUN = "20250115T120000000-0123abcd.json", "20250116T120000000-0123abcd.json"
OLD = {"hub.duckdb": "old", f"receipts/{OLD_RUN}": "old", "receipts/latest.json": "old"}
NEW = {"hub.duckdb": "new", f"receipts/{NEW_RUN}": "new", "receipts/latest.json": "new"}
STEPS = {
    Path: ("rename", "replace", "unlink", "mkdir", "chmod"),
    shutil: ("rmtree", "copymode"),
    replacement: ("sync", "write_whole"),
}


class Killed(BaseException):
    """No more of the process is carried out."""


@contextmanager
def killed_at(step: int) -> Iterator[list[int]]:
    """Let the process end before a step that changes the disk, counted from 0; the list that it
    gives has that step if it came so far."""
    killed: list[int] = []
    done = 0

    def counting(work: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            if done == step:
                killed.append(step)
                raise Killed
            done += 1
            return work(*arguments, **options)

        return counted

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        for place, names in STEPS.items():
            for name in names:
                patch.setattr(place, name, counting(getattr(place, name)))
        yield killed


def write(folder: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def state_of(folder: Path) -> dict[str, str]:
    """The database, and the receipts beside it."""
    found = {"hub.duckdb": (folder / "hub.duckdb").read_text()}
    for path in sorted((folder / "receipts").glob("*.json")):
        found[f"receipts/{path.name}"] = path.read_text()
    return found


def ready(database: Path) -> Path:
    """What is to stand, beside the database."""
    folder = empty_folder_beside(database)
    (folder / DATABASE).write_text("new")
    write(folder / RECEIPTS, {NEW_RUN: "new", "latest.json": "new"})
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Path:
    write(tmp_path, OLD)
    return tmp_path / "hub.duckdb"


def test_the_database_and_its_receipts_are_replaced(database, tmp_path):
    (tmp_path / "receipts" / "notes.txt").write_text("somebody's own")
    database.chmod(0o640)

    replace_warehouse(database, ready(database))

    assert state_of(tmp_path) == NEW
    assert (tmp_path / "receipts" / "notes.txt").read_text() == "somebody's own"
    assert database.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub.duckdb", "receipts"]


def test_where_there_was_nothing_there_is_a_warehouse(tmp_path):
    database = tmp_path / "hub.duckdb"

    replace_warehouse(database, ready(database))

    assert state_of(tmp_path) == NEW
    assert database.stat().st_mode & 0o777 == 0o644


def test_a_link_to_the_database_stays_one(database, tmp_path):
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "hub.duckdb"
    link.symlink_to(database)

    replace_warehouse(link, ready(link))

    assert link.is_symlink()
    assert database.read_text() == "new"


def test_killed_at_any_step_it_is_the_old_state_or_the_next_command_makes_it_the_new(tmp_path):
    ends = []
    for step in range(100):
        folder = tmp_path / str(step)
        write(folder, OLD)
        database = folder / "hub.duckdb"
        log_of(database).write_text("of a database that cannot be opened")
        made = ready(database)
        with killed_at(step) as killed:
            replace_warehouse(database, made)
        assert database.read_text() in ("old", "new")
        # a new database never meets the log of the old one
        assert not (database.read_text() == "new" and log_of(database).exists())
        with warehouse_lock(database):
            assert state_of(folder) in (OLD, NEW)
        ends.append(database.read_text())
        if not killed:
            break
    # some were killed before the step that decides, the others after it
    assert ends == sorted(ends, reverse=True)
    assert ends.count("old") > 1
    assert ends.count("new") > 5
    left = {path.name for path in folder.iterdir()}
    assert left == {"hub.duckdb", "receipts", ".hub.duckdb.lock"}


def test_the_one_who_completes_it_may_be_killed_too(tmp_path):
    for step in range(100):
        folder = tmp_path / str(step)
        write(folder, OLD)
        database = folder / "hub.duckdb"
        ready(database).rename(folder / ".hub.duckdb.replacement")
        with killed_at(step) as killed:
            complete_replacement(database)
        with warehouse_lock(database):
            assert state_of(folder) == NEW
        if not killed:
            break
    assert step > 5


def test_what_was_not_ready_when_it_was_killed_is_removed_by_the_next(database):
    (ready(database) / "half").write_text("")

    assert list(empty_folder_beside(database).iterdir()) == []


def test_streams_go_on_side_by_side_and_keep_a_restore_away(tmp_path):
    database = tmp_path / "hub.duckdb"
    with (
        stream_lock(database, 0),
        stream_lock(database, 0),
        pytest.raises(InUse, match="is streaming into it"),
        no_stream_lock(database, 0),
    ):
        pass
    with (
        no_stream_lock(database, 0),
        pytest.raises(InUse, match="is restoring it"),
        stream_lock(database, 0),
    ):
        pass
    with stream_lock(database, 0):
        pass
