"""What a killed command was still writing is removed by the next one."""

import errno
import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.support.workbench import Workbench


@pytest.fixture
def dead_process() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def hidden_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.startswith(".")}


def test_what_dead_processes_wrote_aside_is_removed_and_nothing_else(
    samples: Workbench, dead_process: int
) -> None:
    receipts = samples.root / "receipts"
    receipts.mkdir()
    leftovers = [
        samples.root / f".warehouse.duckdb.{dead_process}",
        samples.root / f".warehouse.duckdb.{dead_process}.wal",
        receipts / f".latest.json.{dead_process}",
    ]
    others = [
        samples.root / f".warehouse.duckdb.{os.getppid()}",
        samples.root / ".env.local",
        samples.root / f"report.{dead_process}",
        receipts / f"20250115.{dead_process}",
    ]
    for path in (*leftovers, *others):
        path.write_text("half")

    samples.land()

    assert [path for path in (*leftovers, *others) if path.exists()] == others
    for path in others:
        path.unlink()


def test_a_folder_of_such_a_name_is_left_alone(samples: Workbench, dead_process: int) -> None:
    folder = samples.root / f".cache.{dead_process}"
    folder.mkdir()

    samples.land()

    folder.rmdir()


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_warehouse_is_created_where_there_are_no_links(
    samples: Workbench, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "hardlink_to", refuse)

    assert {outcome.status for outcome in samples.land().files} == {"landed"}
    assert {Path(name).suffix for name in hidden_in(samples.root)} == {".lock"}


def test_a_warehouse_that_another_one_created_meanwhile_is_kept(
    unbuilt_samples: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_too_late(path: Path, _: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table theirs (id int)")
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", come_too_late)

    unbuilt_samples.land()

    assert unbuilt_samples.sql("select count(*) from theirs") == [(0,)]
