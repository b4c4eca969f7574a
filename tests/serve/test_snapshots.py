"""The open snapshot: the newest one, read-only, and locked down."""

import gc
from pathlib import Path

import duckdb
import pytest

from hub.published.snapshots import Snapshots

ESCAPES = [
    "create table mine (a int)",
    "insert into ops.runs (run_id) values ('x')",
    "copy (select 1) to '/tmp/escaped.csv'",
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('/etc/passwd')",
    "attach ':memory:' as other; create table other.mine (a int); copy other.mine to '/tmp/x.csv'",
    "attach '/tmp/other.duckdb'",
    "load '/tmp/other.duckdb_extension'",
    "install httpfs",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '90%'",
    "set temp_directory = '/tmp'",
    "select * from names_of_this_program",
]


@pytest.mark.parametrize("sql", ESCAPES)
def test_a_snapshot_can_be_read_and_nothing_else(served, sql):
    names_of_this_program = [1]  # DuckDB would find it, if it were let
    cursor = Snapshots(served.project).current().cursor()
    with pytest.raises(duckdb.Error):
        cursor.execute(sql).fetchall()
    assert names_of_this_program
    assert cursor.execute("select count(*) from marts.events").fetchall() == [(4,)]


@pytest.mark.slow
def test_a_new_snapshot_is_opened_and_the_old_one_let_go(own_served):
    snapshots = Snapshots(own_served.project)
    first = snapshots.current()
    assert snapshots.current() is first
    cursor, path = first.cursor(), first.path
    own_served.drop("app/more.json", [{"key": "k1", "name": "n", "value": 1, "ts": "2025-01-16"}])
    own_served.run()
    second = snapshots.current()
    assert (second.number > first.number, second.run_id > first.run_id) == (True, True)
    assert second.etag == second.run_id
    # whoever asked the old one still gets what it has
    assert cursor.execute("select count(*) from marts.events").fetchall() == [(4,)]
    assert second.cursor().execute("select count(*) from marts.events").fetchall() == [(5,)]
    cursor.close()
    del first, cursor
    gc.collect()
    # one that stays open would cost the publication after next a full copy
    assert str(path) not in _open_files()


def test_without_a_snapshot_there_is_none(bench):
    assert Snapshots(bench.project).current() is None


def _open_files() -> set[str]:
    return {str(link.resolve()) for link in Path("/proc/self/fd").iterdir() if link.exists()}
