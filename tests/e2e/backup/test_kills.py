"""Commands that are killed with SIGKILL at any moment: there is the old state, or the new one."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from hub.backup.restore import restore
from hub.backup.write import back_up
from hub.commands import health
from loader.warehouse.lock import warehouse_lock
from tests.support.workbench import Workbench

HUB = Path(sys.executable).with_name("hub")
KILLS = 25


def killed(*arguments: str, after: float, folder: Path) -> bool:
    """Whether a command was still at work when it was killed after so many seconds."""
    with subprocess.Popen([HUB, *arguments], cwd=folder, stdout=subprocess.DEVNULL) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def seconds_of(*arguments: str, folder: Path) -> float:
    start = time.monotonic()
    subprocess.run([HUB, *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def state_of(bench: Workbench) -> tuple[str, set[str]]:
    """The newest run in the warehouse, and the receipts beside it."""
    with duckdb.connect(str(bench.database), read_only=True) as connection:
        newest = connection.execute("select max(run_id) from ops.runs").fetchall()
    receipts = {path.name for path in (bench.root / "receipts").glob("*.json")}
    return newest[0][0], receipts


@pytest.mark.nightly
def test_a_restore_that_is_killed_leaves_the_old_state_or_the_new(
    after_run: Workbench, tmp_path: Path
) -> None:
    old = back_up(after_run.project, str(tmp_path / "old.hub"), [], force=False)
    old_state = state_of(after_run)
    after_run.drop("app/more.ndjson", [{"key": "k", "name": "n", "value": 1, "ts": "2025-01-16"}])
    after_run.run()
    new = back_up(after_run.project, str(tmp_path / "new.hub"), [], force=False)
    new_state = state_of(after_run)
    command = ("restore", str(old.path), "--force")
    life = seconds_of(*command, folder=after_run.root)
    rng = random.Random(5)
    seen = []
    for _ in range(KILLS):
        restore(after_run.project, new.path, None, force=True)
        if killed(*command, after=rng.uniform(0.3, 1.05) * life, folder=after_run.root):
            found = state_of(after_run)
            assert found[0] in (old_state[0], new_state[0])
            with warehouse_lock(after_run.database):
                found = state_of(after_run)
            assert found in (old_state, new_state)
            seen.append(found)
            doctor = health.doctor(after_run.project)
            assert [finding for finding in doctor if finding.status == "fail"] == []
        else:
            life *= 0.9  # the machine is faster now than when it was measured
    assert len(seen) > KILLS // 2
    assert list(after_run.root.glob(".warehouse.duckdb.replacement*")) == []


@pytest.mark.nightly
def test_a_backup_that_is_killed_leaves_the_file_that_was_there(
    after_run: Workbench, tmp_path: Path
) -> None:
    # large enough to be written for a while, and to be found half written
    after_run.sql(
        "create table marts.of_somebody as select uuid()::varchar as text from range(1000000)"
    )
    first = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)
    command = ("backup", "--to", str(first.path), "--force")
    life = seconds_of(*command, folder=after_run.root)
    rng = random.Random(6)
    count, halves = 0, 0
    for _ in range(KILLS):
        if killed(*command, after=rng.uniform(0.3, 1.0) * life, folder=after_run.root):
            count += 1
            halves += len(list(tmp_path.glob(".b.hub.*")))
            checked = restore(after_run.project, first.path, None, force=False, dry=True)
            assert checked.manifest.run_id == first.manifest.run_id
        else:
            life *= 0.9
    assert count > KILLS // 2
    assert halves > 0
    back_up(after_run.project, str(first.path), [], force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.hub"]
