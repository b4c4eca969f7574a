"""Queries of others: what they may ask, what they may take, and that nothing gets out."""

import signal
import subprocess
import sys
import threading
import time

import duckdb
import msgspec
import pytest

from hub.mcp.sql import Queries, QueryFailed, SqlLimits
from hub.mcp.sql_worker import Order

SECONDS = SqlLimits(seconds=3)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshot") / "hub-1.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select range as i, 'x' || range as s from range(300)")
        connection.execute("create sequence numbers")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from t",
        "  -- a comment; with ; in it\n select /* ; drop table t */ count(*) from t ; -- the end",
        "with found as (select * from t) select count(*) from found",
        "(select count(*) from t)",
        "select ';'",
        "from t limit 1",
        "values (1)",
        "describe t",
        "show tables",
        "summarize t",
        "pivot t on i in (1, 2) using count(*)",
    ],
)
def test_a_query_is_answered(snapshot, query):
    found = Queries().answer(snapshot, query, 5)
    assert found.columns
    assert len(found.rows) >= 1
    assert {len(row) for row in found.rows} == {len(found.columns)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "got 0 statements"),
        ("-- nothing", "got 0 statements"),
        ("select 1; select 2", "got 2 statements"),
        ("select 1;; copy t to '{out}'", "got 2 statements"),
        ("/* select */ copy t to '{out}'", "COPY is not to be had"),
        ("copy (select 1) to '{out}'", "COPY is not to be had"),
        ("explain analyze copy t to '{out}'", "EXPLAIN is not to be had"),
        ("export database '{out}'", "EXPORT is not to be had"),
        ("attach '{out}' as other", "ATTACH is not to be had"),
        ("attach ':memory:' as other", "ATTACH is not to be had"),
        ("install httpfs", "LOAD is not to be had"),
        ("load '{out}'", "LOAD is not to be had"),
        ("pragma database_list", "PRAGMA is not to be had"),
        ("call pragma_version()", "CALL is not to be had"),
        ("set enable_external_access = true", "SET is not to be had"),
        ("reset lock_configuration", "is not to be had"),
        ("create temp table mine (a int)", "CREATE is not to be had"),
        ("insert into t values (1, 'a')", "INSERT is not to be had"),
        ("delete from t", "DELETE is not to be had"),
        ("begin", "TRANSACTION is not to be had"),
        ("prepare p as select 1", "PREPARE is not to be had"),
        ("pivot t on s", "needs its values named"),
        ("select ?", "takes no parameters"),
        ("selekt 1", "syntax error"),
        ("with x as (insert into t values (1, 'a') returning *) select * from x", "read-only"),
        ("select nextval('numbers')", "read-only"),
        ("select * from read_csv('/etc/passwd')", "disabled"),
        ("select * from read_text('/etc/passwd')", "disabled"),
        ("select * from '/etc/passwd'", "does not exist"),
        ("select * from glob('/etc/*')", "disabled"),
        ("select * from duckdb_secrets()", "disabled"),
        ("select * from query('select 1; copy t to ''{out}''')", ""),
        ("select getenv('HOME')", "does not exist"),
        ("select * from snapshot", "does not exist"),
    ],
)
def test_nothing_else_is(snapshot, tmp_path, query, said):
    out = tmp_path / "out"
    with pytest.raises(QueryFailed) as refused:
        Queries(SECONDS).answer(snapshot, query.replace("{out}", str(out)), 5)
    assert said in str(refused.value)
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "select repeat('x', 2000000000)",
        "select list(range) from range(1000000000)",
        "select string_agg(repeat('x', 1000), '') from range(10000000)",
        "select count(distinct hash(range)) from range(10000000000)",
    ],
)
def test_one_that_needs_too_much_memory_ends_and_the_next_is_answered(snapshot, query):
    queries = Queries(SECONDS)
    with pytest.raises(QueryFailed, match="Ask for less"):
        queries.answer(snapshot, query, 5)
    assert queries.answer(snapshot, "select 1", 5).rows == [[1]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from generate_series(1, 100000000000)",
        "with recursive r as (select 1 as i union all select i from r) select count(*) from r",
        "select sleep_ms(100000)",
    ],
)
def test_one_that_has_no_end_is_ended(snapshot, query):
    queries = Queries(SqlLimits(seconds=1))
    began = time.monotonic()
    with pytest.raises(QueryFailed, match="ended after 1 s"):
        queries.answer(snapshot, query, 5)
    assert time.monotonic() - began < 60
    assert Queries().answer(snapshot, "select 1", 5).rows == [[1]]


def test_an_answer_has_no_more_rows_than_asked_for(snapshot):
    found = Queries().answer(snapshot, "select i from t order by i", 300)
    assert ([row[0] for row in found.rows], found.more) == ([*range(300)], False)
    found = Queries().answer(snapshot, "select i from t order by i", 299)
    assert (len(found.rows), found.more) == (299, True)
    endless = "with recursive r as (select 1 as i union all select i + 1 from r) select i from r"
    assert Queries().answer(snapshot, endless, 3).rows == [[1], [2], [3]]


def test_an_answer_has_no_more_characters_than_may_be(snapshot):
    queries = Queries(SqlLimits(characters=1_000, text=100))
    found = queries.answer(snapshot, "select repeat('x', 90) from range(100)", 100)
    assert (len(found.rows), found.more, found.cut) == (10, True, 0)
    found = queries.answer(
        snapshot, "select repeat('x', 10000000) as a, [repeat('y', 101)] as b", 5
    )
    assert found.rows == [
        [f"{'x' * 100}... (10,000,000 characters)", [f"{'y' * 100}... (101 characters)"]]
    ]
    assert (found.more, found.cut) == (False, 2)
    found = queries.answer(snapshot, "select list(range) from range(1000)", 5)
    assert (found.rows, found.more) == ([], True)


def test_values_keep_their_digits_and_times_are_utc(snapshot):
    found = Queries().answer(
        snapshot,
        "select 1.10::decimal(9, 2), 170141183460469231731687303715884105727, "
        "timestamptz '2025-01-15 12:00:00+02', timestamp '2025-01-15 08:05:00', "
        "date '2025-01-15', null, 'nan'::double, '\\xAA'::blob, map {1: 'a'}, {'a': [1, 2]}",
        1,
    )
    assert found.rows == [
        [
            *("1.10", "170141183460469231731687303715884105727"),
            *("2025-01-15T10:00:00Z", "2025-01-15T08:05:00Z", "2025-01-15"),
            *(None, None, "\\xAA", {"1": "a"}, {"a": [1, 2]}),
        ]
    ]


def test_a_worker_that_is_killed_is_an_error_and_the_next_is_answered(snapshot):
    queries = Queries()
    killer = threading.Timer(1, queries.end)
    killer.start()
    with pytest.raises(QueryFailed, match="ended with SIGKILL"):
        queries.answer(snapshot, "select sleep_ms(100000)", 5)
    killer.join()
    assert queries.answer(snapshot, "select 1", 5).rows == [[1]]


def test_no_more_are_at_work_than_may_be(snapshot):
    queries = Queries(SqlLimits(at_once=2))
    most = [0]
    done = threading.Event()

    def watch():
        while not done.is_set():
            most[0] = max(most[0], len(queries._at_work))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    askers = [
        threading.Thread(target=queries.answer, args=(snapshot, "select sleep_ms(300)", 1))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    done.set()
    watcher.join()
    assert most == [2]


def test_a_worker_ends_itself_when_nobody_else_does(snapshot):
    order = Order(str(snapshot), "select sleep_ms(100000)", 1 << 28, 1 << 31, 1, 5, 99, 9)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "hub.mcp.sql_worker"],
        input=msgspec.json.encode(order),
        capture_output=True,
        timeout=60,
    )
    assert -done.returncode == signal.SIGALRM


def test_a_worker_can_write_no_file(snapshot, tmp_path):
    out = tmp_path / "out"
    program = (
        "from pathlib import Path\n"
        "from hub.mcp.sql_worker import Order, _limit\n"
        f"_limit(Order({str(snapshot)!r}, '', 1 << 28, 1 << 31, 60, 5, 99, 9))\n"
        f"Path({str(out)!r}).write_text('x')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert "File too large" in done.stderr
    assert out.read_text() == ""
