"""A backup holds one run's state, whole, whatever is at work meanwhile."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import msgspec
import pyrage
import pytest

from hub.backup import write
from hub.backup.archive import unpack
from hub.backup.manifest import Manifest
from hub.backup.write import back_up
from loader.errors import HubError, WrongUse
from loader.warehouse.lock import InUse, warehouse_lock
from tests.support.workbench import Workbench, held


def unpacked(backup: Path, folder: Path) -> Manifest:
    with backup.open("rb") as file:
        return unpack(file, folder, str(backup), lambda manifest: None)


def runs_in(database: Path) -> list[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("select run_id from ops.runs order by run_id").fetchall()
    return [run_id for (run_id,) in found]


def test_a_backup_holds_the_warehouse_and_its_receipts(after_run: Workbench, tmp_path: Path):
    backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)

    manifest = unpacked(backup.path, tmp_path / "made")
    assert manifest == backup.manifest
    assert backup.behind is None
    assert backup.size == backup.path.stat().st_size
    assert [manifest.run_id] == runs_in(tmp_path / "made" / "warehouse.duckdb")
    assert [member.name for member in manifest.members] == [
        "warehouse.duckdb",
        f"receipts/{manifest.run_id}.json",
        "receipts/latest.json",
    ]
    for member in manifest.members:
        content = (tmp_path / "made" / member.name).read_bytes()
        assert member.bytes == len(content)
        assert member.sha256 == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "made" / "warehouse.duckdb").read_bytes() == after_run.database.read_bytes()


@pytest.mark.nightly
def test_while_another_command_writes_it_is_of_what_was_published_last(
    after_run: Workbench, tmp_path: Path
):
    after_run.drop("app/more.ndjson", [{"key": "k", "name": "n", "value": 1, "ts": "2025-01-16"}])
    before = after_run.run()["run_id"]
    with warehouse_lock(after_run.database), duckdb.connect(str(after_run.database)) as writing:
        writing.execute("delete from ops.runs")
        project = after_run.project
        backup = back_up(project, str(tmp_path / "b.hub"), [], force=False)

    assert backup.behind
    assert "is writing to it" in backup.behind
    assert backup.manifest.run_id == before
    unpacked(backup.path, tmp_path / "made")
    assert before in runs_in(tmp_path / "made" / "warehouse.duckdb")


@pytest.mark.slow
@pytest.mark.parametrize("read_only", [True, False])
def test_while_somebody_else_has_the_warehouse_open_it_is_made_all_the_same(
    after_run: Workbench, tmp_path: Path, read_only: bool
):
    published = back_up(after_run.project, str(tmp_path / "a.hub"), [], force=False)
    with held(after_run.database, read_only=read_only):
        backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)

    assert backup.behind
    assert "another process has it open" in backup.behind
    assert backup.manifest.members == published.manifest.members


def test_what_plain_dbt_changed_is_in_it(after_run: Workbench, tmp_path: Path):
    back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)
    after_run.sql("create table marts.of_somebody as select 1 as one")

    back_up(after_run.project, str(tmp_path / "b.hub"), [], force=True)

    unpacked(tmp_path / "b.hub", tmp_path / "made")
    with duckdb.connect(str(tmp_path / "made" / "warehouse.duckdb")) as connection:
        assert connection.execute("from marts.of_somebody").fetchall() == [(1,)]


def test_half_a_run_is_in_no_backup(after_run: Workbench, tmp_path: Path):
    whole = back_up(after_run.project, str(tmp_path / "a.hub"), [], force=False)
    after_run.sql("update ops.runs set status = 'running'")

    backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)

    assert backup.behind == f"run {whole.manifest.run_id} did not end"
    assert backup.manifest.members == whole.manifest.members


def test_a_receipt_of_a_later_run_is_in_no_backup(after_run: Workbench, tmp_path: Path):
    run_id = runs_in(after_run.database)[0]
    receipts = after_run.root / "receipts"
    later = "20990101T000000000-0123abcd"
    (receipts / f"{later}.json").write_text("{}")
    (receipts / "latest.json").write_text(json.dumps({"run_id": later}))

    backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)

    unpacked(backup.path, tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made" / "receipts").iterdir()) == [
        f"{run_id}.json",
        "latest.json",
    ]
    assert json.loads((tmp_path / "made" / "receipts" / "latest.json").read_text())["run_id"] == (
        run_id
    )


@pytest.mark.slow
def test_the_snapshot_stays_as_it_is_until_it_is_read(
    after_run: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Two publications later, another process would write over its file."""
    packing = write.pack

    def slowly(*arguments):
        for number in range(3):
            after_run.drop(
                f"app/{number}.ndjson",
                [{"key": f"n{number}", "name": "n", "value": 1, "ts": "2025-01-16"}],
            )
            after_run.run()
        yield from packing(*arguments)

    first = runs_in(after_run.database)
    monkeypatch.setattr(write, "pack", slowly)

    backup = back_up(after_run.project, str(tmp_path / "b.hub"), [], force=False)

    unpacked(backup.path, tmp_path / "made")
    assert runs_in(tmp_path / "made" / "warehouse.duckdb") == first
    assert len(runs_in(after_run.database)) == 4


def test_without_snapshots_it_is_of_a_copy_that_nobody_writes_to(
    after_run: Workbench, tmp_path: Path
):
    project = after_run.project
    unpublished = replace(project, vars=msgspec.structs.replace(project.vars, publish=False))
    backup = back_up(unpublished, str(tmp_path / "b.hub"), [], force=False)

    assert backup.behind is None
    unpacked(backup.path, tmp_path / "made")
    assert (tmp_path / "made" / "warehouse.duckdb").read_bytes() == after_run.database.read_bytes()
    assert list(after_run.root.glob(".warehouse.duckdb.backup*")) == []
    with held(after_run.database), pytest.raises(InUse, match="another process has it open"):
        back_up(unpublished, str(tmp_path / "c.hub"), [], force=False)
    after_run.sql("update ops.runs set status = 'running'")
    with pytest.raises(HubError, match="did not end"):
        back_up(unpublished, str(tmp_path / "c.hub"), [], force=False)
    assert sorted(path.name for path in tmp_path.glob("*.hub")) == ["b.hub"]


def test_where_nothing_is_there_to_back_up_nothing_is_written(unbuilt: Workbench, tmp_path: Path):
    with pytest.raises(HubError, match="no warehouse yet"):
        back_up(unbuilt.project, str(tmp_path / "b.hub"), [], force=False)
    duckdb.connect(str(unbuilt.database)).close()
    with pytest.raises(HubError, match="knows of no run yet"):
        back_up(unbuilt.project, str(tmp_path / "b.hub"), [], force=False)
    assert list(tmp_path.glob("*b.hub*")) == []


def test_the_destination_is_asked_before_the_warehouse_is(bench: Workbench):
    with pytest.raises(WrongUse, match="s3://"):
        back_up(bench.project, "s3://bucket/b.hub", [], force=False)


def test_what_is_encrypted_never_stands_in_the_clear(
    after_run: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    identity = pyrage.x25519.Identity.generate()
    seen = []
    packing = write.pack

    def watched(*arguments):
        for chunk in packing(*arguments):
            yield chunk
            seen.extend(path.read_bytes()[:8] for path in tmp_path.iterdir())

    monkeypatch.setattr(write, "pack", watched)
    to = (tmp_path / "b.hub").as_uri()
    backup = back_up(after_run.project, to, [str(identity.to_public())], force=False)

    assert backup.is_encrypted
    assert set(seen) <= {b"", b"age-encr"}
    plain = pyrage.decrypt(backup.path.read_bytes(), [identity])
    manifest = unpack(io.BytesIO(plain), tmp_path / "made", "b", lambda manifest: None)
    assert manifest == backup.manifest
