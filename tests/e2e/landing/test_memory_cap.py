"""Landing under a memory cap: a file that does not fit is held, and the others land."""

import sys
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from hub.runs import run as one_run
from loader.landing import file as file_landing
from loader.readers.batch import MAX_RECORD_BYTES
from loader.warehouse.connection import open_warehouse
from loader.warehouse.memory import (
    LANDING_BYTES,
    LARGE_BUILD_BYTES,
    SMALL_BUILD_BYTES,
    build_bytes,
)
from tests.support.landed import growth_of_landing
from tests.support.workbench import Workbench

SMALL = '{"key": "k"}\n'
# DuckDB tells its limit to a tenth of a GiB
LARGE = pytest.approx(LARGE_BUILD_BYTES, rel=0.05)


def long_line(size: int) -> str:
    return '{"key": "k", "text": "' + "x" * size + '"}\n'


@pytest.fixture
def limit_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which limits were in force whenever a landing came to its fields."""
    seen: list[int] = []
    real = file_landing.note_fields

    def look(connection: duckdb.DuckDBPyConnection, *arguments: Any, **options: Any) -> None:
        seen.append(limit_of(connection))
        real(connection, *arguments, **options)

    monkeypatch.setattr(file_landing, "note_fields", look)
    return seen


def limit_of(connection: duckdb.DuckDBPyConnection) -> int:
    (found,) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit'))"
    ).fetchone()
    return int(found)


def test_the_limit_holds_while_a_file_lands_and_no_longer(bench: Workbench, limit_seen) -> None:
    bench.drop("app/a.ndjson", SMALL)
    with open_warehouse(bench.project) as connection:
        before = limit_of(connection)
        source = bench.project.sources["app"]
        path = bench.root / "landing" / "app" / "a.ndjson"
        file_landing.land_file(connection, source, path, None)

        assert limit_of(connection) == before > LANDING_BYTES
    assert limit_seen == [LANDING_BYTES]


@pytest.mark.parametrize(("given", "expected"), [("1GiB", 1 << 30), ("100MiB", 100 << 20)])
def test_a_limit_that_somebody_set_is_kept(
    bench: Workbench, limit_seen, monkeypatch: pytest.MonkeyPatch, given: str, expected: int
) -> None:
    monkeypatch.setenv("HUB_MEMORY_LIMIT", given)
    bench.drop("app/a.ndjson", SMALL)

    bench.land()

    assert limit_seen == [expected]


def test_what_does_not_fit_in_little_memory_lands_with_more(
    bench: Workbench, limit_seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loader.landing.file.LANDING_BYTES", 30 << 20)
    bench.drop("app/a.ndjson", long_line(20 << 20))

    (outcome,) = bench.land().files

    assert (outcome.status, outcome.rows) == ("landed", 1)
    assert limit_seen[-1] > LANDING_BYTES
    assert bench.sql("select count(*) from raw.app") == [(1,)]


@pytest.mark.slow
def test_a_file_for_which_memory_does_not_suffice_is_held_and_the_others_land(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("app/a.ndjson", long_line(20 << 20))
    bench.drop("app/b.ndjson", SMALL)
    with monkeypatch.context() as patch:
        patch.setenv("HUB_MEMORY_LIMIT", "30MB")
        held, landed = bench.land().files

    assert (held.status, (held.reason or "").partition(":")[0]) == ("held", "out_of_memory")
    assert "HUB_MEMORY_LIMIT" in (held.reason or "")
    assert landed.status == "landed"
    assert bench.sql("select file, status from raw.loads order by file") == [
        ("app/a.ndjson", "held"),
        ("app/b.ndjson", "landed"),
    ]
    assert [outcome.status for outcome in bench.land().files] == ["landed", "known"]


def test_memory_that_runs_out_after_the_commit_lands_nothing_twice(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = file_landing.replace_outcome
    committed: list[str] = []

    def commit_and_fail(connection: duckdb.DuckDBPyConnection, load: object) -> None:
        real(connection, load)
        connection.execute("commit")
        committed.append("once")
        raise duckdb.OutOfMemoryException(
            "Out of Memory Error: while DuckDB wrote its log into the database"
        )

    monkeypatch.setattr(file_landing, "replace_outcome", commit_and_fail)
    bench.drop("app/a.ndjson", SMALL)

    assert [outcome.status for outcome in bench.land().files] == ["landed"]
    assert committed == ["once"]
    assert bench.sql("select rows, (select count(*) from raw.app) from raw.loads") == [(1, 1)]


def test_a_record_beyond_the_limit_is_quarantined_with_the_reason(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", long_line(MAX_RECORD_BYTES))
    # in a line of allowed length, what is written as six characters in JSON
    bench.drop("plant/a.csv", "id\n" + "\x01" * (MAX_RECORD_BYTES // 5) + "\n")

    outcomes = bench.land().files

    assert [(each.status, (each.reason or "").partition(":")[0]) for each in outcomes] == [
        ("quarantined", "record_too_big")
    ] * 2


@pytest.mark.nightly
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss has another unit")
@pytest.mark.parametrize(
    ("name", "lines"),
    [("one record at the limit", [MAX_RECORD_BYTES - 99]), ("long records", [100_000] * 2_500)],
)
def test_a_file_lands_within_a_gibibyte(bench: Workbench, name: str, lines: list[int]) -> None:
    bench.drop("app/a.ndjson", "".join(long_line(size) for size in lines))

    status, _, growth = growth_of_landing(bench)

    assert status == "landed", name
    assert growth < 900, name


@pytest.fixture
def limit_of_a_build(unbuilt: Workbench, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Runs over a new file; returns the limit that was in force while dbt built, or its plan was
    executed."""
    seen: list[int] = []

    def looking_after(real: Callable[..., Any]) -> Callable[..., Any]:
        def look(*arguments: Any, **options: Any) -> Any:
            outcome = real(*arguments, **options)
            with duckdb.connect(str(unbuilt.database)) as connection:
                seen.append(limit_of(connection))
            return outcome

        return look

    def run(name: str) -> int:
        unbuilt.drop(f"app/{name}.json", [{"key": name}])
        assert unbuilt.run()["status"] == "succeeded"
        return seen.pop()

    for way in ("build", "execute"):
        monkeypatch.setattr(one_run, way, looking_after(getattr(one_run, way)))
    return run


@pytest.mark.slow
def test_a_run_is_capped_by_how_much_is_new(
    limit_of_a_build: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limit_of_a_build("first") == LARGE
    assert limit_of_a_build("second") == SMALL_BUILD_BYTES
    monkeypatch.setattr("hub.runs.changes._SMALL_BATCH", 10)
    assert limit_of_a_build("much") == LARGE


@pytest.mark.slow
def test_a_limit_that_somebody_set_holds_for_builds(
    limit_of_a_build: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_MEMORY_LIMIT", "2GiB")

    assert [limit_of_a_build(name) for name in ("first", "second")] == [2 << 30] * 2


@pytest.mark.slow
def test_after_a_failure_a_run_has_all_memory(
    unbuilt: Workbench, limit_of_a_build: Callable[[str], int]
) -> None:
    limit_of_a_build("first")
    unbuilt.sql("update ops.runs set build_state = null, status = 'failed'")

    assert limit_of_a_build("second") > LARGE_BUILD_BYTES * 2


def test_a_build_takes_no_more_than_a_quarter_of_the_machine() -> None:
    # DuckDB takes 80 % of 4 GiB
    with duckdb.connect(":memory:", config={"memory_limit": "3.2GiB"}) as connection:
        assert build_bytes(connection, is_small=False) == pytest.approx(1 << 30, rel=0.05)
        assert build_bytes(connection, is_small=True) == SMALL_BUILD_BYTES


@pytest.mark.slow
def test_plain_dbt_keeps_to_the_limit(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.land()
    monkeypatch.setenv("HUB_MEMORY_LIMIT", "2GiB")

    with duckdb.connect(str(bench.database)) as connection:
        assert bench.dbt("run", "--select", "contract_rules").success
        assert limit_of(connection) == 2 << 30
