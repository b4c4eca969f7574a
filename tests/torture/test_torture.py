"""The harness of `make torture` sees what it is there to see."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.workbench import PROJECT
from tests.torture import table
from tests.torture.contents import Account, compare, half_done
from tests.torture.faults import ImageTaker, Step, fail_at, fail_in
from tests.torture.parts import PARTS
from tests.torture.playground import Ended
from tests.torture.verdicts import Verdict, complaints_about, noted, together
from tests.torture.writes import writes_of_busiest

ACCOUNT: Account = {
    ("raw.app", "digest", 1): [("one", None)],
    ("raw.app", "digest", 2): [("two", None)],
    ("target events", "k1"): [(1.0,)],
}
STATEMENT = Step(7, "statement", '/* {"node_id": "model.hub.events"} */ select 1')
CLOSE = Step(8, "close", "")
CONNECT = Step(9, "connect", "")
WATCHED_LANDING = """
import sys
from pathlib import Path
from hub.main import main
from tests.torture.faults import watch_steps, write_down
steps = Path(sys.argv[1])
sys.argv = ["hub", "land", "app"]
watch_steps(write_down(steps))
main()
"""


def counted(found: Account) -> tuple[int, int, int]:
    comparison = compare(ACCOUNT, found)
    return comparison.lost, comparison.doubled, comparison.different


class TestCompare:
    def test_nothing_is_wrong_with_the_same(self) -> None:
        assert counted(dict(reversed(ACCOUNT.items()))) == (0, 0, 0)

    def test_what_is_missing_is_lost(self) -> None:
        assert counted({("target events", "k1"): [(1.0,)]}) == (2, 0, 0)

    def test_what_is_there_twice_is_doubled(self) -> None:
        assert counted({**ACCOUNT, ("target events", "k1"): [(1.0,), (1.0,)]}) == (0, 1, 0)

    def test_what_was_never_sent_is_doubled(self) -> None:
        assert counted({**ACCOUNT, ("raw.app", None, 1): [("three", None)]}) == (0, 1, 0)

    def test_what_says_something_else_is_different(self) -> None:
        assert counted({**ACCOUNT, ("target events", "k1"): [(2.0,)]}) == (0, 0, 1)


@pytest.mark.parametrize(
    ("rows", "raw", "expected"),
    [
        (2, 2, []),
        (2, 1, ["load 1 of app: the ledger has 2 rows, raw 1"]),
        (0, 1, ["load 1 of app: the ledger has 0 rows, raw 1"]),
    ],
)
def test_a_load_of_which_rows_are_missing_is_half_done(rows, raw, expected):
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.sources (source varchar)")
        connection.execute("create table raw.loads (load_id int, source varchar, rows int)")
        connection.execute("create table raw.app (load_id int)")
        connection.execute("insert into raw.loads values (1, 'app', ?)", [rows])
        connection.execute("insert into raw.app select 1 from range(?)", [raw])

        assert half_done(lambda query: connection.execute(query).fetchall()) == expected


class TestComplaints:
    @pytest.mark.parametrize(
        "ended",
        [
            Ended(1, "", "hub: the disk: it is full. Make room.\n", 1),
            Ended(1, "", "12:00:00 error dbt failed\nhub: the disk: it is full. Make room.\n", 1),
            Ended(1, "run 20250115 failed in 1.0 s\n", "", 1),
        ],
    )
    def test_an_error_or_a_receipt_is_clear(self, ended: Ended) -> None:
        assert complaints_about(ended) == []

    @pytest.mark.parametrize(
        "ended",
        [
            Ended(0, "app/1.json landed\n", "", 1),
            Ended(-6, "", "hub: the disk: it is full. Make room.\n", 1),
            Ended(1, "", "Traceback (most recent call last):\nhub: the disk: full. Wait.\n", 1),
            Ended(1, "", "", 1),
        ],
    )
    def test_all_else_is_not(self, ended: Ended) -> None:
        assert len(complaints_about(ended)) >= 1


class TestFaults:
    def fails(self, watch: Any, step: Step) -> bool:
        try:
            watch(step)
        except (duckdb.Error, OSError):
            return True
        return False

    @pytest.mark.parametrize(
        ("mode", "after"),
        [("once", [False, False]), ("dead", [True, False]), ("for good", [True, True])],
    )
    def test_a_step_fails_and_then_what_the_mode_says(
        self, tmp_path: Path, mode: str, after: list[bool]
    ) -> None:
        watch = fail_at(7, mode, tmp_path / "marker")

        assert not self.fails(watch, Step(6, "statement", "select 1"))
        assert self.fails(watch, STATEMENT)
        assert (tmp_path / "marker").read_text().startswith("statement /*")
        assert not self.fails(watch, CLOSE)
        assert [
            self.fails(watch, Step(9, "statement", "rollback")),
            self.fails(watch, Step(10, "connect", ""))
            or self.fails(watch, Step(11, "statement", "select 1")),
        ] == after

    def test_a_rollback_is_no_step_to_begin_with(self, tmp_path: Path) -> None:
        watch = fail_at(7, "once", tmp_path / "marker")

        assert not self.fails(watch, Step(7, "statement", "rollback"))
        assert self.fails(watch, Step(8, "statement", "select 1"))

    def test_a_node_fails_with_all_its_statements_and_no_other_does(self) -> None:
        watch = fail_in(["model.hub.events"])

        assert self.fails(watch, STATEMENT)
        assert not self.fails(watch, Step(8, "statement", '{"node_id": "model.hub.events_x"}'))

    @pytest.mark.parametrize(
        ("kind", "number"), [("read", errno.EIO), ("write", errno.ENOSPC), ("name", errno.ENOSPC)]
    )
    def test_a_file_fails_as_disks_do(self, kind: str, number: int) -> None:
        error = Step(1, kind, "a file").error()

        assert isinstance(error, OSError)
        assert (error.errno, error.filename) == (number, "a file")

    def test_every_step_of_a_landing_is_seen(self, unbuilt_samples: Any) -> None:
        # not a fork of this process, in whose DuckDB other tests have left threads
        subprocess.run(
            [sys.executable, "-c", WATCHED_LANDING, unbuilt_samples.root / "steps"],
            cwd=unbuilt_samples.root,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            check=True,
        )

        steps = (unbuilt_samples.root / "steps").read_text().splitlines()
        (unbuilt_samples.root / "steps").unlink()
        assert [step for step in steps if re.match("connect|close", step)] == [
            "connect ",
            "close ",
        ] * 3  # created, filled, and a copy looked at before it is published
        for part in (
            "statement begin",
            "statement insert into raw.app",
            "statement insert into raw.loads",
            "statement commit",
        ):
            assert any(step.startswith(part) for step in steps), part
        landing = unbuilt_samples.root / "landing" / "app"
        assert f"read {landing}" in steps
        # by its name in the folder that is open: no link on the way can be followed
        assert "open events.json" in steps
        assert any(re.fullmatch(r"read \d+", step) for step in steps)

    def test_each_state_of_the_disk_is_kept_once(self, tmp_path: Path) -> None:
        database, images = tmp_path / "warehouse.duckdb", tmp_path / "images"
        taker = ImageTaker(tmp_path, images, 0, 1)
        for number, content in enumerate(["a", "a", "b", "a"], start=1):
            database.write_text(content)
            taker(Step(number, "statement", "select 1"))

        kept = {
            (path / "warehouse.duckdb").read_text(): (path / "steps").read_text().splitlines()
            for path in images.iterdir()
        }
        assert kept == {
            "a": [f"{number} statement select 1" for number in (1, 2, 4)],
            "b": ["3 statement select 1"],
        }


def test_the_writes_of_the_busiest_thread_are_counted_once_each():
    trace = (
        '7 pwrite64(4, "", 4096, 0) = 4096\n7 write(4, ""...,  <unfinished ...>\n'
        "8  pwrite64(4, 4096, 0) = 4096\n7 <... write resumed>) = 1\n7 +++ exited with 0 +++\n"
    )

    assert writes_of_busiest(trace) == 2
    assert writes_of_busiest("") == 0


class TestTable:
    def test_verdicts_of_a_kind_are_one_line(self) -> None:
        lines = table.Table()
        lines.add(Verdict("killed", 2, lost=1, moments=("late", "early")), 1.4)
        lines.add(Verdict("killed", 1, doubled=2, moments=("late",)), 1.4)
        lines.add(Verdict("starved", skipped="no memory"), 0)

        assert lines.text().splitlines()[2:] == [
            "| killed (1 early, 2 late) | 3 | 1 | 2 | 0 | 0 | 3 |",
            "| starved | not tried: no memory | | | | | |",
        ]

    def test_several_verdicts_add_up(self) -> None:
        verdicts = [Verdict("x", 2, 1, 2, 3, 4, ("a",)), Verdict("x", 3, 1, 1, 1, 1, ("b",))]

        assert together("x", verdicts) == Verdict("x", 5, 2, 3, 4, 5, ("a", "b"))

    def test_only_a_bad_verdict_needs_a_note(self) -> None:
        assert noted(Verdict("x"), "step 1").notes == ()
        assert noted(Verdict("x", lost=1, notes=("two rows",)), "step 1").notes == (
            "step 1",
            "two rows",
        )

    @pytest.fixture
    def document(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(table, "DOCUMENT", tmp_path / "reliability.md")
        return tmp_path / "reliability.md"

    def test_it_takes_its_place_in_the_document(self, document: Path) -> None:
        document.write_text("before\n<!-- torture: table -->\n<!-- torture: end -->\nafter\n")
        lines = table.Table()
        lines.add(Verdict("killed"), 1)

        table.write_table(lines)

        assert document.read_text() == (
            f"before\n<!-- torture: table -->\n{lines.text()}<!-- torture: end -->\nafter\n"
        )

    def test_the_lines_of_parts_not_tried_stay(self, document: Path) -> None:
        document.write_text("<!-- torture: table -->\n<!-- torture: end -->\n")
        whole, part = table.Table(), table.Table()
        for name in ("killed", "killed (twice)", "starved"):
            whole.add(Verdict(name, moments=("early",)), 1)
        part.add(Verdict("killed (twice)", 5), 1)
        part.add(Verdict("stopped"), 1)

        table.write_table(whole)
        table.write_table(part)

        assert document.read_text().splitlines()[3:-1] == [
            "| killed (1 early) | 1 | 0 | 0 | 0 | 0 | 1 |",
            "| killed (twice) | 5 | 0 | 0 | 0 | 0 | 1 |",
            "| starved (1 early) | 1 | 0 | 0 | 0 | 0 | 1 |",
            "| stopped | 1 | 0 | 0 | 0 | 0 | 1 |",
        ]

    def test_a_document_without_a_place_for_it_is_left_alone(self, document: Path) -> None:
        document.write_text("nothing here\n")

        with pytest.raises(ValueError, match="markers"):
            table.write_table(table.Table())

        assert document.read_text() == "nothing here\n"


def test_the_table_of_the_document_has_nothing_lost_and_nothing_doubled():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.DOCUMENT.read_text().splitlines()
        if line.startswith("| ")
    ][1:]

    assert len(rows) > 20
    for name, _, *wrong, _ in rows:
        assert wrong in (["0"] * 4, [""] * 4), name


def test_a_part_that_does_not_exist_is_wrong_use():
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "nosuch"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert f"no such part: nosuch; known are {', '.join(PARTS)}" in done.stderr
