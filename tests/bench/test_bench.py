"""The benchmark still runs, and measures what it says. How fast anything is, is not tested."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.peers.environments import PEERS, python_of
from tests.support.workbench import PROJECT, Workbench, fresh_samples

RECORDS = 1_000


def run_module(*words: str | Path) -> str:
    """Run a module of the benchmark as its users do, from the project's folder."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def events(folder: Path, first: int, count: int, history: int = 0) -> list[str]:
    """The lines of a file of events as the benchmark makes it."""
    path = folder / f"{first}.ndjson"
    run_module("tests.bench.data", "events", "ndjson", str(first), str(count), str(history), path)
    return path.read_text().splitlines()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The results of a small session, and what it printed."""
    folder = tmp_path_factory.mktemp("bench")
    printed = run_module(
        "tests.bench",
        *("land", "run", "nothing-new", "profile"),
        *("--records", str(RECORDS), "--histories", str(RECORDS), "--batch", "100"),
        *("--repeat", "1", "--work", folder / "work", "--json", folder / "bench.json"),
    )
    return json.loads((folder / "bench.json").read_text()), printed


@pytest.mark.nightly
def test_every_part_finds_what_it_promises(session):
    results, _ = session
    found = [(finding["part"], finding["unit"], finding["goal"]) for finding in results["findings"]]
    assert found == [
        ("land-ndjson", "x", 0.8),
        ("land-ndjson", "x", 1.05),
        ("land-csv", "x", 1.3),
        ("land-csv", "x", None),
        ("land-parquet", "x", None),
        ("land-parquet", "x", None),
        ("first-load", "x", 5),
        ("first-load", "x", 0.8),
        ("first-load", "MiB", None),
        ("disk", "x", 4),
        ("nothing-new", "s", 0.4),
    ]
    assert all(finding["value"] > 0 for finding in results["findings"])


@pytest.mark.nightly
def test_the_hub_is_compared_with_each_tool_that_can_be_had(tmp_path):
    printed = run_module(
        "tests.bench",
        *("peers", "--records", str(RECORDS), "--histories", str(RECORDS), "--batch", "100"),
        *("--repeat", "1", "--work", tmp_path / "work", "--json", tmp_path / "bench.json"),
    )
    results = json.loads((tmp_path / "bench.json").read_text())
    named = [finding["what"].removeprefix("CPU of hub run to ") for finding in results["findings"]]
    had = [peer.name for peer in PEERS if f"{peer.name} is left out" not in printed]
    assert named == [f"{name}, {what}" for what in ("a first load", "an increment") for name in had]


@pytest.mark.slow
def test_a_tool_that_cannot_be_installed_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert python_of(PEERS[0], tmp_path) is None
    assert "dlt by Arrow is left out: it cannot be installed: ERROR: " in capsys.readouterr().out


@pytest.mark.nightly
def test_both_sides_of_a_ratio_are_kept(session):
    results, _ = session
    finding = next(found for found in results["findings"] if found["part"] == "first-load")
    hub, bare = finding["sides"]["hub run"], finding["sides"]["bare read_json"]
    assert finding["value"] == hub["cpu"] / bare["cpu"]
    assert all(side["rss"] > 2**20 and side["wchar"] > 2**16 for side in (hub, bare))


@pytest.mark.nightly
def test_the_profile_shows_steps_and_nodes_of_both_runs(session):
    _, printed = session
    for name, runs in {
        "importing dbt": 1,
        "dbt reading the project": 1,
        "the plan between its steps": 1,
        "model.hub.int_events__checked": 1,
        "int_events__checked": 1,
    }.items():
        assert printed.count(f"  {name}\n") == runs, (name, printed)


def test_the_records_are_those_that_the_docs_promise(tmp_path):
    lines = events(tmp_path, 0, 10_000)
    readable = [json.loads(line) for line in lines if line.endswith("}")]
    assert len(set(lines)) == 9_700
    # a row that is invalid for another reason has a key of its own, too
    assert len({record["key"] for record in readable} - {""}) == 9_000 + 120
    assert len(lines) - len(readable) == pytest.approx(40, abs=10)
    assert 90 <= sum(map(len, lines)) / len(lines) <= 100


def test_seven_and_a_half_percent_of_an_increment_hit_keys_that_are_there(tmp_path):
    history = {json.loads(line)["key"] for line in events(tmp_path, 0, 10_000) if line[-1] == "}"}
    lines = [line for line in events(tmp_path, 10_000, 2_000, 10_000) if line.endswith("}")]
    hits = [line for line in lines if json.loads(line)["key"] in history - {""}]
    assert len(hits) / 2_000 == pytest.approx(0.075, abs=0.01)


@pytest.fixture(scope="module")
def decided(shared_root: Path) -> Iterator[Workbench]:
    """A workbench on which the hub took a file of events, and nothing else."""
    with fresh_samples(shared_root) as workbench:
        workbench.empty_landing()
        lines = events(workbench.root, 0, RECORDS)
        workbench.drop("app/events.ndjson", "".join(f"{line}\n" for line in lines))
        workbench.run()
        yield workbench


@pytest.mark.nightly
def test_the_row_by_row_program_decides_as_the_hub_does(decided, tmp_path):
    database = tmp_path / "row_by_row.sqlite"
    file = decided.root / "landing" / "app" / "events.ndjson"
    counted = json.loads(run_module("tests.bench.row_by_row", file, database))
    assert decided.outcomes().count("duplicate") == counted["duplicate"] == 30
    assert decided.outcomes().count("rejected") == counted["rejected"] == 20
    # what the hub calls superseded was applied for a moment here
    with sqlite3.connect(database) as connection:
        target = connection.execute("select key, name, value, ts from events").fetchall()
        letters = connection.execute("select row_number, reasons from dead_letters").fetchall()
    assert sorted(target) == decided.sql(
        "select key, name, value, strftime(ts, '%Y-%m-%dT%H:%M:%S') from marts.events order by key"
    )
    assert sorted(letters) == decided.sql(
        "select row_number, array_to_string(reasons, ',') from ops.dead_letters order by 1"
    )


@pytest.mark.slow
def test_a_rebuild_that_changes_a_row_is_seen(decided, tmp_path):
    copy = tmp_path / "copy.duckdb"
    shutil.copy(decided.database, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.events set value = value + 1 where key like '%0'")
        changed = connection.execute("select count(*) from marts.events where key like '%0'")
        expected = 2 * changed.fetchall()[0][0]
    counted = json.loads(run_module("tests.bench.full_refresh", decided.database, copy))
    assert counted["marts.events"] == [900, expected]
    assert expected > 0
    assert sum(differing for _, differing in counted.values()) == expected


def test_a_later_session_replaces_its_own_rows_of_the_table_only(tmp_path):
    document = tmp_path / "performance.md"
    document.write_text((PROJECT / "docs" / "performance.md").read_text())
    before = document.read_text().splitlines()
    script = """
import sys
from pathlib import Path
from tests.bench.findings import Finding
from tests.bench.report import write_table

for part, value in (("disk", 7.0), ("increment", 2.0), ("disk", 3.0)):
    write_table(Path(sys.argv[1]), [Finding(part, "of the test", 17, value, "x", 4)], "0")
"""
    subprocess.run([sys.executable, "-c", script, document], cwd=PROJECT, check=True)
    after = document.read_text().splitlines()
    added = [line.split(" | ")[:4] for line in after if "of the test" in line]
    assert sorted(added) == [
        ["| disk", "of the test", "17", "3.00x"],
        ["| increment", "of the test", "17", "2.00x"],
    ]
    assert [line for line in before if line not in after] == []
