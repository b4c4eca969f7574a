"""The ledger of files: one row for each, committed with the records."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from loader.landing import file as file_landing
from loader.readers import Batch
from loader.verification import verify
from tests.support.landed import ledger, raw, reasons, statuses, watched_digests
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
LINE = json.dumps(EVENT)
RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
CSV = 'key,v\nk1,007\r\n"k2","0.10"\n'
NDJSON = "".join(f"{record}\n" for record in RECORDS)
ARRAY = f"[{RECORDS[0]},\n {RECORDS[1]}]"


class TestTheLedger:
    def test_a_row_says_what_came_when_and_from_where(self, unbuilt: Workbench) -> None:
        path = unbuilt.drop("app/a.ndjson", NDJSON)
        os.utime(path, (1736899200, 1736899200))
        start = datetime.now(UTC).replace(tzinfo=None)

        unbuilt.land()

        (entry,) = unbuilt.sql(
            "select load_id, source, file, sha256, size, encoding, rows, modified_at, status, "
            "reason, run_id = (select run_id from ops.runs) from raw.loads"
        )
        assert entry == (
            1,
            "app",
            "app/a.ndjson",
            hashlib.sha256(NDJSON.encode()).hexdigest(),
            len(NDJSON),
            "utf-8",
            2,
            datetime(2025, 1, 15),
            "landed",
            None,
            True,
        )
        ((landed_at,),) = unbuilt.sql("select landed_at from raw.loads")
        assert start <= landed_at <= datetime.now(UTC).replace(tzinfo=None)

    def test_loads_are_numbered_in_the_order_of_arrival(self, bench: Workbench) -> None:
        bench.drop("web/b.ndjson", LINE)
        bench.land()
        bench.drop("app/a.ndjson", LINE)
        bench.drop("app/b.ndjson", NDJSON)
        bench.land()

        assert bench.sql("select load_id, file from raw.loads order by 1") == [
            (1, "web/b.ndjson"),
            (2, "app/a.ndjson"),
            (3, "app/b.ndjson"),
        ]
        assert bench.sql("select distinct load_id from raw.app order by 1") == [(2,), (3,)]

    def test_files_are_never_changed(self, bench: Workbench) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        before = path.stat()

        bench.land()

        assert path.read_text() == NDJSON
        assert path.stat().st_mtime_ns == before.st_mtime_ns

    def test_only_the_named_sources_land(self, bench: Workbench) -> None:
        bench.drop("app/a.ndjson", NDJSON)
        bench.drop("web/a.ndjson", NDJSON)

        assert statuses(bench.land("web")) == {"web/a.ndjson": "landed"}

        assert raw(bench, "app") == []

    def test_a_file_that_landed_is_not_read_again_while_nothing_touches_it(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        time.sleep(0.15)
        bench.land()
        digested = watched_digests(monkeypatch)

        assert statuses(bench.land()) == {"app/a.ndjson": "known"}
        assert digested == []

        before = path.stat()
        path.write_text(NDJSON.replace("007", "008"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}

    @pytest.mark.slow
    @pytest.mark.parametrize("written_anew", [False, True])
    def test_a_file_that_was_touched_is_read_once_more_and_not_at_every_run(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch, written_anew: bool
    ) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        time.sleep(0.15)
        bench.land()
        if written_anew:
            path.rename(path.with_name(".old"))
            path.write_text(NDJSON)
        path.touch()
        time.sleep(0.15)
        digested = watched_digests(monkeypatch)

        for _ in range(3):
            assert statuses(bench.land()) == {"app/a.ndjson": "known"}
        assert len(digested) == 1
        assert ledger(bench) == [("app/a.ndjson", "landed", 2)]

        path.write_text(NDJSON.replace("007", "008"))
        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}

    def test_a_renamed_copy_leaves_the_state_of_its_original(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.drop("app/a.ndjson", NDJSON)
        time.sleep(0.15)
        bench.land()
        bench.drop("app/b.ndjson", NDJSON)
        time.sleep(0.15)
        digested = watched_digests(monkeypatch)

        for _ in range(2):
            assert set(statuses(bench.land()).values()) == {"known"}
        assert len(digested) == 2
        assert ledger(bench) == [("app/a.ndjson", "landed", 2)]

    def test_a_wrong_count_quarantines_the_whole_file(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verify, "count_records", lambda *_: 3)
        bench.drop("app/a.ndjson", NDJSON)

        assert reasons(bench.land()) == {"app/a.ndjson": "miscounted"}

        assert raw(bench) == []
        assert ledger(bench) == [("app/a.ndjson", "quarantined", 0)]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "content"),
        [("app/a.ndjson", NDJSON), ("app/a.json", ARRAY), ("plant/a.csv", CSV)],
    )
    @pytest.mark.parametrize("broken", ["drops a row", "changes a row", "repeats a row", "swaps"])
    def test_what_a_broken_reader_gives_is_quarantined(
        self,
        bench: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        content: str,
        broken: str,
    ) -> None:
        read = file_landing.read_records

        def misread(*arguments: Any) -> Iterator[Batch]:
            for batch in read(*arguments):
                records = {
                    "drops a row": batch.records[:-1],
                    "changes a row": [batch.records[0].replace("1", "2"), *batch.records[1:]],
                    "repeats a row": [*batch.records[:-1], batch.records[0]],
                    "swaps": batch.records[::-1],
                }[broken]
                nothing = [None] * len(records)
                yield Batch(records, nothing, nothing)

        monkeypatch.setattr(file_landing, "read_records", misread)
        bench.drop(name, content)

        expected = "miscounted" if broken == "drops a row" else "miscopied"
        assert reasons(bench.land()) == {name: expected}
        assert raw(bench, name.partition("/")[0]) == []

    def test_a_failure_between_rows_and_ledger_leaves_neither(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> int:
            raise OSError("the disk is gone")

        bench.drop("app/a.ndjson", NDJSON)
        with monkeypatch.context() as patch:
            patch.setattr(verify, "count_records", fail)
            with pytest.raises(OSError, match="disk"):
                bench.land()

        assert (raw(bench), ledger(bench)) == ([], [])
        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}
        assert raw(bench) == RECORDS

    def test_a_kill_between_rows_and_ledger_leaves_neither(self, unbuilt: Workbench) -> None:
        unbuilt.drop("app/a.ndjson", NDJSON)
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_LANDING], cwd=unbuilt.root, check=False
        )

        assert killed.returncode == -signal.SIGKILL
        assert (raw(unbuilt), ledger(unbuilt)) == ([], [])
        assert statuses(unbuilt.land()) == {"app/a.ndjson": "landed"}
        assert raw(unbuilt) == RECORDS
        assert unbuilt.sql("select status from ops.runs order by run_id") == [
            ("interrupted",),
            ("succeeded",),
        ]


KILLED_WHILE_LANDING = """
import os, signal
from hub.commands import landing
from loader.verification import verify
from loader.config.project import open_project
verify.count_records = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
landing.land_files(open_project(), ())
"""
