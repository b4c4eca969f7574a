"""`hub forget`: nothing of the key is left anywhere, all else stays, and it cannot come back."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.commands import health, rules, runs
from hub.forgetting.forget import Forgotten, forget
from hub.queries.reprocess import ReprocessChoice
from hub.runs import run as running
from loader.errors import HubError
from loader.warehouse.lock import stream_lock
from tests.support.command_line import Command
from tests.support.parquet_files import parquet_of
from tests.support.published import is_published
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

KEY = "person-17"
# of others, and like it
LIKE = "person-170"
KEPT = {
    "marts.events": "key",
    "marts.events_history": "key",
    "marts.orders": "order_id",
    "marts.orders_history": "order_id",
    "marts.orders_reconciliation": "order_id",
    "marts.clicks": "event_id",
    "marts.measurements": "id",
    "marts.measurements_reconciliation": "id",
}
OF_RECORDS = ("plan.json", "run_results.json")
PRODUCTS = ("landing", "archive", "receipts", "published", "exports", "logs", "target")


def event(key: str, value: Any, moment: str = "08:00") -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00"}


def click(key: str, **more: str) -> dict[str, Any]:
    return {
        "event_id": key,
        "event_timestamp": "2025-01-15T09:00:00Z",
        "event_type": "search",
        "user_id": "u",
        **more,
    }


def drop_files(bench: Workbench) -> None:
    """Files of every format in which the key stands, and another one."""
    lines = [json.dumps(event(KEY, 5, "10:00")), json.dumps(event(LIKE, 6))]
    bench.drop("app/1.json", [event(KEY, 1), event("evt-1", 2), event(KEY, 3, "09:00")])
    bench.drop("app/2.ndjson.gz", gzip.compress("\n".join(lines).encode()))
    bench.drop("app/3.ndjson", f'{{"key": "{KEY}",\n{{"key": "{LIKE}",\n')
    bench.drop("app/4.ndjson", [event(KEY, "no number"), event("", 1)])
    orders = {"uid": [KEY, "order-1"], "data": [{"status": "shipped"}, {"status": "pending"}]}
    bench.drop("alpha/1.parquet", parquet_of(orders))
    bench.drop("beta/1.json", [{"identifier": KEY, "payload": {"status": "returned"}}])
    bench.drop("web/1.ndjson", [click(KEY), click("clk-1"), click(KEY)])
    bench.drop(
        "plant/1.csv",
        "id,value,category,timestamp\r\n"
        f"m-1,1,flow,\r\n{KEY},2,flow,\r\n{KEY},,withdrawn,\r\n".encode("utf-16"),
    )
    bench.drop("partner/1.ndjson", [{"id": KEY, "value": 2, "category": "flow"}])


def stand(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """What is said of other keys."""
    return {
        table: bench.sql(
            f"select * exclude (run_id) from {table} where {key} <> ? order by all", KEY
        )
        for table, key in KEPT.items()
    }


def holding(bench: Workbench, text: str = KEY) -> list[str]:
    """The files of the product in which a text stands, as it is or in an unpacked file."""
    files = [path for path in bench.root.glob("*warehouse.duckdb*") if path.is_file()]
    files += [path for name in PRODUCTS for path in (bench.root / name).rglob("*")]
    # what else dbt keeps there is made of the project's own files
    files = [path for path in files if "target" not in path.parts or path.name in OF_RECORDS]
    found = [path for path in files if path.is_file()]
    return [
        path.name
        for path in found
        if text.encode() in (gzip.decompress if path.suffix == ".gz" else bytes)(path.read_bytes())
    ]


def rows_that_hold(database: Path, text: str = KEY) -> list[str]:
    """The tables in which a text stands, whole or as a part."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not temporary"
        ).fetchall()
        return [
            table
            for schema, table in tables
            if connection.execute(
                f'select 1 from {schema}."{table}" as row_of where contains(row_of::varchar, ?) '
                "limit 1",
                [text],
            ).fetchall()
        ]


def fails(bench: Workbench) -> list[Any]:
    return [finding for finding in health.doctor(bench.project) if finding.status == "fail"]


def decided(bench: Workbench, load: str) -> list[tuple[Any, ...]]:
    """Outcome, reasons and text of each row of a file."""
    return bench.sql(
        "select outcomes.outcome, outcomes.reasons, records.record from ops.record_outcomes "
        "as outcomes inner join ops.raw_records as records "
        "on records.load_id = outcomes.load_id and records.row_number = outcomes.row_number "
        "where outcomes.file = ? order by outcomes.row_number",
        load,
    )


def digests(bench: Workbench) -> dict[str, str]:
    return {
        str(path.relative_to(bench.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("landing", "receipts", "published", "exports")
        for path in sorted((bench.root / name).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="class")
def told(shared_root: Path) -> Iterator[tuple[Workbench, dict[str, Any], Forgotten]]:
    """A workbench that forgot a key of all entities, what it said before, and the result."""
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        drop_files(bench)
        bench.run()
        bench.drop("app/5.json", [event(KEY, 7, "12:00"), event("evt-1", 4, "12:00")])
        bench.drop("alpha/2.json", [{"uid": KEY, "data": {"status": "lost"}}])
        bench.run()
        bench.sql(
            "update ops.runs set warnings = ? where command = 'run'",
            json.dumps([f"row of {KEY} is odd", f"row of {LIKE} is odd"]),
        )
        latest = bench.root / "receipts" / "latest.json"
        latest.write_text(latest.read_text().replace('"warnings": [', f'"x": ["{KEY}"],"y": ['))
        (bench.root / "logs").mkdir(exist_ok=True)
        (bench.root / "logs" / "dbt.log").write_text(f"failed on {KEY}\n")
        stale = bench.root / "exports" / "events" / "events.ndjson"
        stale.parent.mkdir(parents=True)
        stale.write_text(json.dumps({"key": KEY}))
        before = stand(bench)
        dry_before = digests(bench)
        dry = forget(bench.project, KEY, None, dry=True)
        assert digests(bench) == dry_before
        bench.drop("web/2.ndjson", [click(KEY, page_url="/new"), click("clk-2")])
        yield bench, {"dry": dry, **before}, forget(bench.project, KEY, None)
        shutil.rmtree(bench.root / "exports")


class TestAForgottenKey:
    def test_is_in_no_table_and_no_file(self, told: tuple[Workbench, Any, Forgotten]) -> None:
        bench, _, forgotten = told
        assert forgotten.is_forgotten
        assert [found for found in forgotten.searched if found.matches] == []
        assert forgotten.selection.mentions == 0
        # another key begins with it, and stays
        assert rows_that_hold(bench.database) == rows_that_hold(bench.database, LIKE)
        assert sorted(set(holding(bench))) == sorted(set(holding(bench, LIKE)))
        assert is_published(bench.database)
        snapshots = list((bench.root / "published").glob("hub-*.duckdb"))
        assert len(snapshots) == 1
        (receipt,) = (bench.root / "receipts").glob("forgotten-*.json")
        assert json.loads(receipt.read_text())["is_forgotten"] is True

    def test_leaves_all_that_is_said_of_others(
        self, told: tuple[Workbench, Any, Forgotten]
    ) -> None:
        bench, before, _ = told
        after = stand(bench)
        clicks = [row for row in after["marts.clicks"] if row[0] != "clk-2"]
        assert {**after, "marts.clicks": clicks} == {table: before[table] for table in KEPT}
        for table, key in KEPT.items():
            assert bench.sql(f"select count(*) from {table} where {key} = ?", KEY) == [(0,)]
        letters = bench.sql("select source, record, error, status from ops.dead_letters order by 1")
        assert [letter for letter in letters if letter[2] == "forgotten"] == [
            (source, None, "forgotten", "discarded")
            for source in ("alpha", "app", "beta", "partner", "plant", "web")
        ]
        assert [letter[1] for letter in letters if letter[2] == "malformed_json"] == [
            f'{{"key": "{LIKE}",'
        ]

    def test_leaves_files_without_its_records(self, told: tuple[Workbench, Any, Forgotten]) -> None:
        bench, _, forgotten = told
        landing = bench.root / "landing"
        assert json.loads((landing / "app/1.json").read_text()) == [event("evt-1", 2)]
        unpacked = gzip.decompress((landing / "app/2.ndjson.gz").read_bytes())
        assert [json.loads(line) for line in unpacked.splitlines()] == [event(LIKE, 6)]
        plant = (landing / "plant/1.csv").read_bytes().decode("utf-16")
        assert plant == "id,value,category,timestamp\r\nm-1,1,flow,\r\n"
        gone = {str(file.file.relative_to(landing)) for file in forgotten.files if file.removed}
        assert gone == {"alpha/1.parquet", "alpha/2.json", "beta/1.json", "partner/1.ndjson"}
        assert not any((landing / name).exists() for name in gone)
        assert not list(landing.rglob(".*"))

    def test_is_counted_as_before(self, told: tuple[Workbench, Any, Forgotten]) -> None:
        bench, _, forgotten = told
        assert fails(bench) == []
        events = next(each for each in forgotten.selection.entities if each.entity == "events")
        assert (events.by_key, events.by_text) == (5, 1)
        ((reason, rows),) = bench.sql(
            "select reason, rows from raw.loads where file = 'app/1.json' and status = 'landed'"
        )
        assert (reason, rows) == ("2 of its records forgotten", 3)
        assert [row[0] for row in decided(bench, "app/1.json")][::2] == ["rejected", "rejected"]
        assert bench.sql("select warnings from ops.runs where command = 'run' limit 1") == [
            (json.dumps(["removed with a forgotten key", f"row of {LIKE} is odd"]),)
        ]

    def test_was_told_of_beforehand(self, told: tuple[Workbench, Any, Forgotten]) -> None:
        _, before, _ = told
        dry = before["dry"]
        assert dry.is_dry
        assert dry.selection.places == ("app/3.ndjson:1",)
        assert {each.entity: each.by_key for each in dry.selection.entities} == {
            "events": 5,
            "orders": 3,
            "clicks": 2,
            "measurements": 3,
        }

    def test_cannot_come_back(
        self,
        told: tuple[Workbench, Any, Forgotten],
        command: Command,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        bench, _, _ = told
        # rewritten files are known
        assert runs.run(bench.project).did_nothing
        assert command("why", KEY).code == 1
        assert "its text was removed" in command("why", "app/1.json:1").out
        rejected = ("rejected", ["forgotten"], None)
        bench.drop("app/6.json", [event(KEY, 8, "13:00"), event("evt-2", 1)])
        assert bench.run()["errors"] == []
        assert decided(bench, "app/6.json")[0] == rejected
        # a run like the last one needs no dbt, and knows the key all the same
        built: list[Any] = []
        monkeypatch.setattr(running, "build", lambda *given: built.append(given))
        bench.drop("app/7.ndjson", [event("evt-3", 1), event(KEY, 9, "14:00")])
        assert bench.run()["errors"] == []
        assert built == []
        assert decided(bench, "app/7.ndjson")[1] == rejected
        monkeypatch.undo()
        assert bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test").success
        assert decided(bench, "app/6.json")[0] == decided(bench, "app/7.ndjson")[1] == rejected
        assert decided(bench, "app/1.json")[0] == rejected
        assert fails(bench) == []
        # what came with the files is forgotten with them
        again = command("forget", KEY, "--entity", "events", "--json")
        assert again.code == 0
        assert [file["dropped"] for file in again.data["files"]] == [1, 1]
        assert KEY not in again.out
        assert sorted(set(holding(bench))) == sorted(set(holding(bench, LIKE)))


def test_a_key_that_nobody_knows_is_not_seen_and_can_be_blocked(
    after_run: Workbench, command: Command
) -> None:
    before = digests(after_run)
    answer = command("forget", "nobody-1")
    assert answer.code == 1
    assert "not seen" in answer.err
    assert "nobody-1" not in answer.err
    assert command("forget", " ").code == 2
    assert command("forget", "nobody-1", "--entity", "nothing").code == 2
    assert digests(after_run) == before
    blocked = command("forget", "nobody-1", "--entity", "events", "--block")
    assert blocked.code == 0
    assert "never seen" in blocked.out
    after_run.drop("app/9.json", [event("nobody-1", 1)])
    after_run.run()
    assert decided(after_run, "app/9.json") == [("rejected", ["forgotten"], None)]


def test_what_other_records_say_of_it_is_told_and_stays(
    after_run: Workbench, command: Command
) -> None:
    after_run.drop("app/9.json", [event("evt-003-x", 1), event("asks-for-it", 1, "09:00")])
    text = (after_run.root / "landing/app/9.json").read_text().replace('"n"', '"of evt-003"', 1)
    (after_run.root / "landing/app/9.json").write_text(text)
    after_run.run()
    answer = command("forget", "evt-003", "--json")
    assert answer.code == 0, answer.err
    assert answer.data["mentions"] == 1
    assert answer.data["mentioned_in"] == ["app/9.json:1"]
    assert answer.data["is_forgotten"] is True
    assert sum(found["matches"] for found in answer.data["searched"]) == 0
    assert after_run.sql("select count(*) from marts.events where key = 'evt-003-x'") == [(1,)]


@pytest.mark.nightly
def test_a_record_that_had_the_key_once_gives_way_to_others_of_its_present_key(
    own_built: Workbench,
) -> None:
    own_built.drop("app/1.json", [event("old-name", 1, "09:00")])
    own_built.run()
    own_built.edit(
        "models/staging/app/stg_app__events.sql",
        "{{ json_text('key') }} as key",
        "replace({{ json_text('key') }}, 'old', 'new') as key",
    )
    own_built.drop("app/2.json", [event("new-name", 2, "08:00")])
    own_built.run()
    rules.reprocess(own_built.project, ReprocessChoice("events"))
    assert own_built.sql("select key, value from marts.events") == [("new-name", 1)]
    assert forget(own_built.project, "old-name", None).is_forgotten
    assert own_built.sql("select key, value from marts.events") == [("new-name", 2)]
    assert decided(own_built, "app/1.json") == [("rejected", ["forgotten"], None)]
    assert fails(own_built) == []
    assert rows_that_hold(own_built.database, "old-name") == []


_KILLED = """
import importlib, os, sys
module, name, when, *arguments = sys.argv[1:]
owner = importlib.import_module(module)
usual = getattr(owner, name)
def killed(*given, **named):
    if when == "before":
        os._exit(9)
    result = usual(*given, **named)
    os._exit(9)
setattr(owner, name, killed)
sys.argv = ["hub", *arguments]
from hub.main import main
main()
"""
_FORGET = "hub.forgetting.forget"
_STEPS = [
    ("hub.forgetting.files", "add_load", "after"),
    ("hub.forgetting.files", "sync", "after"),
    ("hub.forgetting.scrub", "_scrub_raw", "before"),
    (_FORGET, "scrub", "after"),
    ("hub.forgetting.database", "replace_warehouse", "before"),
    (_FORGET, "rewrite_database", "after"),
    (_FORGET, "publish_alone", "after"),
]


@pytest.mark.nightly
def test_a_command_that_is_killed_at_any_step_is_completed_by_the_same_command(
    after_run: Workbench,
) -> None:
    before = after_run.sql("select key, value from marts.events where key <> 'evt-003' order by 1")
    for step in _STEPS:
        ended = subprocess.run(
            [sys.executable, "-c", _KILLED, *step, "forget", "evt-003"],
            cwd=after_run.root,
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 9, (step, ended.stderr)
        # nothing half forgotten is taken for done, and whatever comes between is right
        assert after_run.sql("select count(forgotten_at), count(*) from raw.forgotten") == [(0, 1)]
        if step[2] == "after":
            assert after_run.run()["errors"] == []
            assert fails(after_run) == []
    assert forget(after_run.project, "evt-003", None).is_forgotten
    assert holding(after_run, "evt-003") == []
    assert rows_that_hold(after_run.database, "evt-003") == []
    assert fails(after_run) == []
    assert before == after_run.sql("select key, value from marts.events order by 1")
    assert after_run.sql("select count(forgotten_at), count(*) from raw.forgotten") == [(1, 1)]


def test_a_stream_that_goes_on_keeps_it_from_beginning(
    after_run: Workbench,
) -> None:
    before = digests(after_run)
    with stream_lock(after_run.database), pytest.raises(HubError, match="streaming"):
        forget(after_run.project, "evt-003", None)
    assert digests(after_run) == before
