"""What was backed up is put back whole, or nothing changes."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyrage
import pytest

from hub.backup.archive import describe, pack, unpack
from hub.backup.restore import Restored, restore
from hub.backup.write import back_up
from hub.commands import health, runs
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.warehouse.lock import InUse, pull_lock, stream_lock, warehouse_lock
from tests.support.workbench import Workbench, held

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-16T08:00:00"}


@pytest.fixture
def backup(after_run: Workbench, tmp_path: Path) -> Path:
    """A backup of the hub after the shipped samples."""
    return back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False).path


@pytest.fixture
def elsewhere(after_run: Workbench, tmp_path: Path) -> Project:
    """The same project with its warehouse in another folder, where there is none yet."""
    (tmp_path / "new").mkdir()
    return replace(after_run.project, database=tmp_path / "new" / "warehouse.duckdb")


def restored(project: Project, file: Path, **options: Any) -> Restored:
    return restore(project, file, options.pop("identity", None), **{"force": False, **options})


def state_of(project: Project) -> dict[str, str]:
    """The digests of all files of the warehouse, but for locks."""
    folder = project.database.parent
    kept = [project.database, *(folder / "receipts").glob("*"), *(folder / "published").glob("h*")]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in kept
        if path.exists()
    }


def rewritten(backup: Path, folder: Path, change: Callable[[Path], None], **manifest: Any) -> Path:
    """The backup as somebody else could have written it, with digests that are right."""
    with backup.open("rb") as file:
        read = unpack(file, folder, "b", lambda manifest: None)
    change(folder / "warehouse.duckdb")
    opened = {member.name: partial((folder / member.name).open, "rb") for member in read.members}
    members = []
    for name, opening in opened.items():
        with opening() as content:
            members.append(describe(name, content))
    changed = msgspec.structs.replace(read, members=tuple(members), **manifest)
    path = folder / "rewritten.hub"
    path.write_bytes(b"".join(pack(changed, opened)))
    return path


def executing(*statements: str) -> Callable[[Path], None]:
    def change(database: Path) -> None:
        with duckdb.connect(str(database)) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


@pytest.mark.slow
def test_a_hub_is_restored_elsewhere_and_goes_on(after_run: Workbench, backup, elsewhere):
    restored(elsewhere, backup)

    assert elsewhere.database.read_bytes() == after_run.database.read_bytes()
    assert (elsewhere.receipts / "latest.json").exists()
    assert (elsewhere.database.parent / "published" / "current.duckdb").exists()
    assert {finding.status for finding in health.doctor(elsewhere)} <= {"ok", "warn"}
    # the files have landed, and the letters are known
    assert runs.run(elsewhere).did_nothing
    after_run.drop("app/more.ndjson", [EVENT])
    receipt = runs.run(elsewhere).receipt
    assert receipt["entities"]["events"]["target_rows"] == 5
    assert receipt["entities"]["events"]["dead_letters"] == 2


@pytest.mark.slow
def test_a_warehouse_that_is_there_is_replaced_by_force_only(after_run: Workbench, backup):
    before = after_run.sql("select * from ops.runs")
    after_run.drop("app/more.ndjson", [EVENT])
    later = after_run.run()["run_id"]
    state = state_of(after_run.project)

    with pytest.raises(WrongUse, match=r"a warehouse already.*--force"):
        restored(after_run.project, backup)
    assert state_of(after_run.project) == state

    answer = restored(after_run.project, backup, force=True)

    assert answer.replaced
    assert after_run.sql("select * from ops.runs") == before
    assert not (after_run.root / "receipts" / f"{later}.json").exists()
    current = after_run.root / "published" / "current.duckdb"
    assert current.read_bytes() == after_run.database.read_bytes()
    # what came after the backup is landed again
    assert after_run.run()["entities"]["events"]["target_rows"] == 5


def test_a_dry_run_checks_everything_and_changes_nothing(after_run: Workbench, backup):
    state = state_of(after_run.project)

    answer = restored(after_run.project, backup, dry=True)

    assert {"ledger = raw", "raw = decisions", "data tests"} <= {
        finding.check for finding in answer.findings if finding.status == "ok"
    }
    assert state_of(after_run.project) == state


@pytest.mark.slow
@pytest.mark.parametrize("lock", [warehouse_lock, pull_lock, stream_lock])
def test_a_hub_that_is_at_work_is_not_replaced(after_run: Workbench, backup, lock):
    state = state_of(after_run.project)

    project = replace(after_run.project, wait=0)
    with lock(after_run.database), pytest.raises(InUse):
        restored(project, backup, force=True)
    assert state_of(after_run.project) == state


@pytest.mark.slow
@pytest.mark.parametrize("read_only", [True, False])
def test_a_warehouse_that_somebody_has_open_is_not_replaced(
    after_run: Workbench, backup, read_only
):
    state = state_of(after_run.project)

    with (
        held(after_run.database, read_only=read_only),
        pytest.raises(InUse, match="another process has it open"),
    ):
        restored(after_run.project, backup, force=True)
    assert state_of(after_run.project) == state


@pytest.mark.slow
def test_the_log_of_a_killed_process_goes_with_the_old_warehouse(after_run: Workbench, backup):
    kill = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('create table marts.unfinished as select 1 as one'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", kill, after_run.database], check=True)
    assert after_run.database.with_name("warehouse.duckdb.wal").exists()

    restored(after_run.project, backup, force=True)

    assert not after_run.database.with_name("warehouse.duckdb.wal").exists()
    assert after_run.sql("select * from duckdb_tables() where table_name = 'unfinished'") == []


@pytest.mark.slow
def test_a_warehouse_that_is_broken_can_be_replaced(after_run: Workbench, backup):
    after_run.database.write_bytes(b"broken" * 10_000)
    after_run.database.with_name("warehouse.duckdb.wal").write_bytes(b"broken")

    restored(after_run.project, backup, force=True)

    assert {finding.status for finding in health.doctor(after_run.project)} <= {"ok", "warn"}


def test_a_damaged_backup_changes_nothing(after_run: Workbench, backup, tmp_path):
    state = state_of(after_run.project)
    whole = backup.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1

    for broken in (whole[:3], whole[: len(whole) // 2], whole[:-1], bytes(changed), b"", b"hello"):
        (tmp_path / "broken.hub").write_bytes(broken)
        with pytest.raises(HubError, match=r"broken\.hub"):
            restored(after_run.project, tmp_path / "broken.hub", force=True)
    with pytest.raises(WrongUse, match="cannot be read"):
        restored(after_run.project, tmp_path / "none.hub", force=True)
    assert state_of(after_run.project) == state
    assert list(after_run.root.glob(".warehouse.duckdb.re*")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (executing("delete from raw.app where row_number = 1"), "ledger = raw: they differ"),
        (
            executing("delete from ops.events_decisions where row_number = 1"),
            "raw = decisions: not every row",
        ),
        (executing("update ops.runs set status = 'running'"), "did not end"),
        (executing("update ops.warehouse_format set format = 99"), "has format 99"),
        (executing("drop schema ops cascade"), "cannot read its warehouse"),
        (lambda database: database.write_bytes(b"no database"), "cannot read its warehouse"),
    ],
)
def test_a_backup_that_does_not_add_up_changes_nothing(
    after_run: Workbench, backup, tmp_path, change, said
):
    state = state_of(after_run.project)

    with pytest.raises(HubError, match=said):
        restored(after_run.project, rewritten(backup, tmp_path / "rewritten", change), force=True)
    assert state_of(after_run.project) == state


@pytest.mark.slow
def test_rows_missing_in_a_target_fail_the_data_tests(after_run: Workbench, tmp_path):
    after_run.drop("app/1.ndjson", [EVENT])
    after_run.run(by_dbt=True)  # leaves a plan, which has the data tests
    backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False).path
    without = executing("delete from marts.events where key = 'evt-001'")

    with pytest.raises(HubError, match="data tests: failing"):
        restored(after_run.project, rewritten(backup, tmp_path / "rewritten", without), force=True)


def test_a_backup_of_a_newer_version_says_which(after_run: Workbench, backup, tmp_path):
    newer = rewritten(
        backup,
        tmp_path / "rewritten",
        lambda database: None,
        warehouse_format=999,
        hub_version="9.1.0",
    )

    too_new = r"format 999, of the newer version 9\.1\.0.*version 9\.1\.0"
    with pytest.raises(HubError, match=too_new):
        restored(after_run.project, newer, force=True)


class TestEncrypted:
    @pytest.fixture
    def mia(self) -> Any:
        return pyrage.x25519.Identity.generate()

    @pytest.fixture
    def sealed(self, after_run: Workbench, tmp_path: Path, mia: Any) -> Path:
        to = str(tmp_path / "b.age")
        return back_up(after_run.project, to, [str(mia.to_public())], force=False).path

    def key_file(self, folder: Path, identity: Any) -> Path:
        path = folder / "key.txt"
        path.write_text(f"{identity}\n")
        return path

    def test_its_recipient_restores_it(
        self, after_run: Workbench, sealed, elsewhere, mia, tmp_path
    ):
        restored(elsewhere, sealed, identity=self.key_file(tmp_path, mia))

        assert elsewhere.database.read_bytes() == after_run.database.read_bytes()
        assert list(elsewhere.database.parent.glob(".warehouse.duckdb.re*")) == []

    def test_another_key_none_or_one_too_many_changes_nothing(
        self, sealed, backup, elsewhere, mia, tmp_path
    ):
        with pytest.raises(WrongUse, match=r"it is encrypted.*--identity"):
            restored(elsewhere, sealed)
        with pytest.raises(WrongUse, match="not encrypted, though a key was given"):
            restored(elsewhere, backup, identity=self.key_file(tmp_path, mia))
        other = pyrage.x25519.Identity.generate()
        with pytest.raises(HubError, match="not encrypted to the key"):
            restored(elsewhere, sealed, identity=self.key_file(tmp_path, other))
        assert state_of(elsewhere) == {}

    def test_one_that_was_cut_or_changed_changes_nothing(self, sealed, elsewhere, mia, tmp_path):
        whole = sealed.read_bytes()
        changed = bytearray(whole)
        changed[-1000] ^= 1
        for broken in (whole[:100], whole[:-1], bytes(changed)):
            sealed.write_bytes(broken)
            with pytest.raises(HubError, match="damaged or cut"):
                restored(elsewhere, sealed, identity=self.key_file(tmp_path, mia))
        assert state_of(elsewhere) == {}

    def test_what_is_encrypted_and_no_backup_is_told(self, elsewhere, mia, tmp_path):
        file = tmp_path / "b.age"
        file.write_bytes(pyrage.encrypt(b"hello", [mia.to_public()]))

        with pytest.raises(HubError, match="cannot be decompressed"):
            restored(elsewhere, file, identity=self.key_file(tmp_path, mia))
