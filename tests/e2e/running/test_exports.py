"""`vars: exports`: a target is written to a file that is whole at each moment."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.runs import exports
from hub.runs.changes import BuildState
from loader.config.project import Project
from loader.errors import WrongUse
from tests.support.workbench import Workbench

TARGET = """
create table marts.events as
select * from (values
    ('k1', 1.5::double, 1.50::decimal(9, 2), timestamp '2025-01-15 08:00:00'),
    ('a,"b"', null, null, null)
) as rows (key, value, price, ts)
"""
STATE = BuildState("files", {"events": "one"})


@pytest.fixture
def connection(own_project: Workbench) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that has the target of `events` only."""
    with duckdb.connect(str(own_project.database)) as connection:
        connection.execute("create schema marts")
        connection.execute(TARGET)
        yield connection


def exporting(bench: Workbench, form: str) -> Project:
    bench.set_vars(exports={"events": form})
    return bench.project


def file_of(bench: Workbench, form: str) -> Path:
    return bench.root / "exports" / "events" / f"events.{form}"


@pytest.mark.parametrize("form", ["parquet", "csv", "ndjson"])
def test_the_file_has_all_rows(
    own_project: Workbench, connection: duckdb.DuckDBPyConnection, form: str
) -> None:
    project = exporting(own_project, form)

    assert exports.write_exports(connection, project, STATE, "run-1") == []

    path = file_of(own_project, form)
    if form == "parquet":
        found = connection.execute(f"select * from '{path}'").fetchall()
        assert found == connection.execute("select * from marts.events").fetchall()
    elif form == "csv":
        with path.open(newline="") as file:
            first, second = csv.DictReader(file)
        assert (first["ts"], first["price"]) == ("2025-01-15T08:00:00Z", "1.50")
        assert second["key"] == 'a,"b"'
    else:
        first, second = map(json.loads, path.read_text().splitlines())
        assert first == {"key": "k1", "value": 1.5, "price": "1.50", "ts": "2025-01-15T08:00:00Z"}
        assert second["value"] is None
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert (manifest["rows"], manifest["run_id"], manifest["file"]) == (2, "run-1", path.name)
    assert manifest["bytes"] == path.stat().st_size


def test_it_is_written_only_when_the_target_has_changed(
    own_project: Workbench, connection: duckdb.DuckDBPyConnection
) -> None:
    project = exporting(own_project, "csv")
    exports.write_exports(connection, project, STATE, "run-1")
    path = file_of(own_project, "csv")
    first = path.stat().st_ino

    exports.write_exports(connection, project, STATE, "run-2")
    assert path.stat().st_ino == first

    exports.write_exports(connection, project, BuildState("files", {"events": "two"}), "run-3")
    second = path.stat().st_ino
    assert second != first
    path.unlink()
    exports.write_exports(connection, project, BuildState("files", {"events": "two"}), "run-4")
    assert path.exists()


def test_another_format_takes_the_place_of_the_one_before(
    own_project: Workbench, connection: duckdb.DuckDBPyConnection
) -> None:
    exports.write_exports(connection, exporting(own_project, "csv"), STATE, "run-1")
    exports.write_exports(connection, exporting(own_project, "parquet"), STATE, "run-2")

    assert sorted(path.name for path in file_of(own_project, "csv").parent.iterdir()) == [
        "events.parquet",
        "manifest.json",
    ]


@pytest.mark.parametrize("step", ["sync", "write_json", "Path.replace"])
def test_whatever_ends_the_writing_the_file_is_whole_and_the_next_run_writes_it(
    own_project: Workbench,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    project = exporting(own_project, "ndjson")
    exports.write_exports(connection, project, STATE, "run-1")
    connection.execute("delete from marts.events where key = 'k1'")
    after = BuildState("files", {"events": "two"})

    def ends(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        owner, _, name = step.rpartition(".")
        patch.setattr(getattr(exports, owner) if owner else exports, name, ends)
        with pytest.raises(KeyboardInterrupt):
            exports.write_exports(connection, project, after, "run-2")
    path = file_of(own_project, "ndjson")
    lines = path.read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] in (["k1", 'a,"b"'], ['a,"b"'])

    assert exports.write_exports(connection, project, after, "run-3") == []

    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ['a,"b"']
    assert sorted(path.name for path in path.parent.iterdir()) == [
        "events.ndjson",
        "manifest.json",
    ]


def test_one_that_cannot_be_written_keeps_no_other(
    own_project: Workbench, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create table marts.orders as select 1 as order_id")
    own_project.set_vars(exports={"events": "csv", "orders": "csv"})
    (own_project.root / "exports").mkdir()
    (own_project.root / "exports" / "events").write_text("no folder")
    state = BuildState("files", {"events": "one", "orders": "one"})

    (error,) = exports.write_exports(connection, own_project.project, state, "run-1")

    assert error.startswith(f"export {file_of(own_project, 'csv')}: ")
    assert (own_project.root / "exports" / "orders" / "orders.csv").exists()


def test_an_entity_that_there_is_none_of_is_refused(own_project: Workbench) -> None:
    own_project.set_vars(exports={"evnets": "csv"})

    with pytest.raises(WrongUse, match="no entity 'evnets'"):
        _ = own_project.project


@pytest.mark.nightly
def test_a_run_exports_what_it_changed(own_project: Workbench) -> None:
    own_project.set_vars(exports={"events": "csv"})
    own_project.drop_samples()
    own_project.run()
    path = file_of(own_project, "csv")
    assert len(path.read_text().splitlines()) == 5
    first = path.stat().st_ino
    own_project.run()
    assert path.stat().st_ino == first

    own_project.drop("app/more.ndjson", '{"key":"k9","name":"a","value":1,"ts":"2025-02-01"}\n')
    own_project.run()
    assert len(path.read_text().splitlines()) == 6
