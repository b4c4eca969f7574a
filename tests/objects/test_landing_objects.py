"""Objects in a bucket land as files do, and are fetched only if their ETag or size is new."""

import gzip
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import zstandard

from hub.queries.health import examine
from loader.warehouse.connection import read_warehouse
from loader.warehouse.latest import Reading
from tests.objects.s3 import CUT, FINE, KEYS, S3Server
from tests.support.landed import ledger, raw, statuses
from tests.support.workbench import PROJECT, Workbench

RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
NDJSON = "".join(f"{record}\n" for record in RECORDS)
OTHER = '{"key":"k3"}\n'


class TestWhatLands:
    @pytest.mark.slow
    def test_an_object_lands_verbatim_and_is_not_fetched_again(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/day1/a.ndjson", NDJSON)
        s3.put("inside/not-mine.ndjson", OTHER)

        assert statuses(bucket_bench.land()) == {"app/day1/a.ndjson": "landed"}
        assert s3.fetched() == ["in/day1/a.ndjson"]
        assert statuses(bucket_bench.land()) == {"app/day1/a.ndjson": "known"}
        assert s3.fetched() == []

        assert raw(bucket_bench) == RECORDS
        assert ledger(bucket_bench) == [("app/day1/a.ndjson", "landed", 2)]
        ((size, state),) = bucket_bench.sql("select size, file_state from raw.loads")
        assert size == len(NDJSON)
        assert state.startswith('etag:"')

    @pytest.mark.slow
    def test_a_changed_object_lands_anew_under_its_name(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        bucket_bench.land()
        s3.put("in/a.ndjson", NDJSON + OTHER)

        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}
        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "known"}

        assert ledger(bucket_bench) == [
            ("app/a.ndjson", "landed", 2),
            ("app/a.ndjson", "landed", 3),
        ]

    @pytest.mark.slow
    def test_a_renamed_copy_is_fetched_once_and_lands_nothing(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        bucket_bench.land()
        s3.fetched()
        s3.put("in/b.ndjson", NDJSON)
        s3.put("in/c.ndjson.gz", gzip.compress(NDJSON.encode()))
        s3.delete("in/a.ndjson")

        copies = {"app/b.ndjson": "known", "app/c.ndjson.gz": "known"}
        assert statuses(bucket_bench.land()) == copies
        assert s3.fetched() == ["in/b.ndjson", "in/c.ndjson.gz"]
        assert statuses(bucket_bench.land()) == copies
        assert s3.fetched() == []
        assert raw(bucket_bench) == RECORDS

    def test_a_local_copy_of_an_object_lands_nothing(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        bucket_bench.land()
        bucket_bench.drop("app/b.ndjson", NDJSON)

        assert statuses(bucket_bench.land()) == {"app/b.ndjson": "known", "app/a.ndjson": "known"}

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("ending", "packed"),
        [(".gz", gzip.compress), (".zst", zstandard.compress)],
    )
    def test_compressed_objects_land(
        self, bucket_bench: Workbench, s3: S3Server, ending: str, packed: object
    ) -> None:
        assert callable(packed)
        s3.put(f"in/a.ndjson{ending}", packed(NDJSON.encode()))
        s3.put(f"in/cut.ndjson{ending}", packed(OTHER.encode())[:-3])

        assert statuses(bucket_bench.land()) == {
            f"app/a.ndjson{ending}": "landed",
            f"app/cut.ndjson{ending}": "quarantined",
        }
        s3.fetched()
        assert statuses(bucket_bench.land())[f"app/cut.ndjson{ending}"] == "quarantined"
        assert s3.fetched() == []
        assert raw(bucket_bench) == RECORDS

    def test_the_order_of_writing_is_the_order_of_landing(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/z.ndjson", NDJSON)
        time.sleep(1.1)  # S3 keeps seconds
        s3.put("in/a.ndjson", OTHER)

        bucket_bench.land()

        assert [file for file, _, _ in ledger(bucket_bench)] == ["app/z.ndjson", "app/a.ndjson"]

    def test_an_object_of_several_parts_is_whole(
        self, bucket_bench: Workbench, s3: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("loader.objects.bucket._PART_BYTES", 1000)
        records = [f'{{"key":"k{number}"}}' for number in range(500)]
        s3.put("in/a.ndjson", "\n".join(records))

        bucket_bench.land()

        assert raw(bucket_bench) == records
        assert len(s3.fetched()) == 8

    def test_folders_and_hidden_keys_are_passed_over(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        for key in ("in/", "in/sub/", "in/.tmp/a.ndjson", "in/.b.ndjson"):
            s3.put(key, "")
        s3.put("in/c d+ü%.ndjson", NDJSON)
        s3.put("in/empty.ndjson", "")

        landing = bucket_bench.land()

        assert statuses(landing) == {"app/c d+ü%.ndjson": "landed", "app/empty.ndjson": "landed"}
        assert landing.hidden == ("app/.b.ndjson", "app/.tmp/a.ndjson")

    @pytest.mark.slow
    def test_the_objects_of_all_pages_of_a_listing_land(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        for number in range(25):
            s3.put(f"in/{number:05}.ndjson", f'{{"key":"k{number}"}}\n')
        s3.faults.page = 10
        s3.requests.clear()

        landing = bucket_bench.land()

        assert s3.requests.count("/drop") == 3
        assert set(statuses(landing).values()) == {"landed"}
        assert len(raw(bucket_bench)) == 25
        s3.fetched()
        assert set(statuses(bucket_bench.land()).values()) == {"known"}
        assert s3.fetched() == []

    def test_a_page_of_a_listing_that_fails_leaves_nothing_half_landed(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        for number in range(12):
            s3.put(f"in/{number:05}.ndjson", f'{{"key":"k{number}"}}\n')
        s3.faults.page = 10
        s3.faults.answers, s3.faults.only = [FINE, 403], "/drop"

        assert statuses(bucket_bench.land()) == {"app": "failed"}

        assert raw(bucket_bench) == []


class TestFullDelivery:
    @pytest.mark.slow
    def test_an_earlier_state_that_comes_again_is_a_new_delivery(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        bucket_bench.set_meta("app", delivery="full")
        for content in (NDJSON, OTHER, NDJSON):
            s3.put("in/a.ndjson", content)
            assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}
            assert statuses(bucket_bench.land()) == {"app/a.ndjson": "known"}

        assert [rows for _, _, rows in ledger(bucket_bench)] == [2, 1, 2]


class TestFaults:
    def test_answers_that_say_503_are_tried_again(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        s3.faults.answers = [503, 500, 503]

        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}
        assert s3.faults.answers == []

    def test_a_download_that_is_cut_is_tried_again(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        s3.faults.answers, s3.faults.only = [CUT, CUT], "a.ndjson"

        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}
        assert raw(bucket_bench) == RECORDS

    def test_downloads_that_are_always_cut_fail_the_source_and_leave_nothing(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        bucket_bench.drop("web/b.ndjson", OTHER)
        s3.put("in/a.ndjson", NDJSON)
        s3.faults.answers, s3.faults.only = [CUT] * 100, "a.ndjson"

        landing = bucket_bench.land()

        assert statuses(landing) == {"web/b.ndjson": "landed", "app": "failed"}
        assert "a.ndjson cannot be fetched" in landing.errors()[0]
        s3.faults.answers = []
        assert statuses(bucket_bench.land())["app/a.ndjson"] == "landed"
        assert raw(bucket_bench) == RECORDS

    def test_one_object_that_may_not_be_read_does_not_keep_the_others(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", OTHER)
        s3.put("in/b.ndjson", NDJSON)
        s3.faults.answers, s3.faults.only = [403], "a.ndjson"

        landing = bucket_bench.land()

        assert statuses(landing) == {"app/a.ndjson": "refused", "app/b.ndjson": "landed"}
        assert "403" in landing.warnings()[0]

    @pytest.mark.slow
    def test_one_in_quarantine_is_a_finding_until_another_takes_its_name(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.json", "[1,")
        bucket_bench.land()
        assert "app/a.json" in finding(bucket_bench)
        s3.put("in/a.json", '[{"key":"k1"}]')
        bucket_bench.land()

        assert finding(bucket_bench) == "no file that is there was turned away"

    def test_an_object_that_vanishes_is_told_of(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", OTHER)
        s3.put("in/b.ndjson", NDJSON)
        s3.faults.before = lambda path: s3.delete("in/a.ndjson")

        landing = bucket_bench.land()

        assert statuses(landing) == {"app/a.ndjson": "refused", "app/b.ndjson": "landed"}
        assert landing.warnings() == ["app/a.ndjson: refused: it is no longer there"]

    def test_an_object_that_changes_while_it_is_fetched_is_held(
        self, bucket_bench: Workbench, s3: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("loader.objects.bucket._PART_BYTES", 10)
        s3.put("in/a.ndjson", NDJSON)
        seen: list[str] = []

        def change(path: str) -> None:
            seen.append(path)
            if len(seen) == 2:
                s3.put("in/a.ndjson", NDJSON[::-1])

        s3.faults.before = change
        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "held"}
        assert raw(bucket_bench) == []

        s3.faults.before = None
        s3.put("in/a.ndjson", NDJSON)
        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}

    def test_an_object_that_is_too_big_for_the_disk_is_held(
        self, bucket_bench: Workbench, s3: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        usage = shutil.disk_usage("/")
        with monkeypatch.context() as patch:
            patch.setattr(
                "loader.landing.objects.shutil.disk_usage", lambda path: usage._replace(free=10)
            )
            landing = bucket_bench.land()
        assert statuses(landing) == {"app/a.ndjson": "held"}
        assert "no_room: it has" in landing.warnings()[0]
        assert s3.fetched() == []

        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("path", "changed", "told"),
        [
            ("s3://none/in/", {}, "NoSuchBucket .*Correct `path`"),
            ("s3://drop/in/", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Check the network"),
            # nobody answers where a machine in the cloud would ask for credentials
            (
                "s3://drop/in/",
                {"AWS_METADATA_ENDPOINT": "http://127.0.0.1:1", **dict.fromkeys(KEYS)},
                "Set AWS_ACCESS_KEY_ID and",
            ),
        ],
    )
    def test_a_bucket_that_cannot_be_read_fails_its_source_alone(
        self,
        bucket_bench: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        path: str,
        changed: dict[str, str | None],
        told: str,
    ) -> None:
        bucket_bench.set_meta("app", path=path)
        bucket_bench.drop("web/b.ndjson", OTHER)
        for name, value in changed.items():
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)

        with caplog.at_level(logging.DEBUG):
            landing = bucket_bench.land()

        assert statuses(landing) == {"web/b.ndjson": "landed", "app": "failed"}
        (error,) = landing.errors()
        assert error.startswith(f"source 'app': {path}: ")
        assert "\n" not in error
        assert re.search(told, error), error
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in caplog.text

    def test_the_run_log_and_the_exit_code_say_so(
        self, bucket_bench: Workbench, command: object
    ) -> None:
        assert callable(command)
        bucket_bench.set_meta("app", path="s3://none/in/")

        assert command("land").code == 1

        ((status, errors),) = bucket_bench.sql("select status, errors from ops.runs")
        assert status == "failed"
        assert "source 'app': s3://none/in/" in json.loads(errors)[0]

    @pytest.mark.slow
    def test_a_run_builds_and_publishes_the_others(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        bucket_bench.set_meta("app", path="s3://none/in/")
        bucket_bench.drop_samples()

        first, second = bucket_bench.run(), bucket_bench.run()

        for receipt in (first, second):
            assert receipt["status"] == "failed"
            (error,) = receipt["errors"]
            assert "s3://none/in/" in error
        assert bucket_bench.sql("select had_work from ops.runs order by run_id") == [
            (True,),
            (False,),
        ]
        assert bucket_bench.sql("select count(*) from marts.events") == [(4,)]
        assert (bucket_bench.root / "published" / "current.duckdb").exists()

    def test_a_key_that_the_library_cannot_name_fails_the_source_loudly(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a//b.ndjson", NDJSON)

        landing = bucket_bench.land()

        assert "Rename the object" in landing.errors()[0]

    def test_a_kill_while_fetching_leaves_nothing_and_the_next_run_lands_it(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        is_asked = threading.Event()

        def stall(path: str) -> None:
            is_asked.set()
            time.sleep(2)

        s3.faults.before = stall
        with subprocess.Popen(
            [sys.executable, "-m", "hub", "land"],
            cwd=bucket_bench.root,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        ) as landing:
            assert is_asked.wait(60)
            landing.send_signal(signal.SIGKILL)
        s3.faults.before = None

        assert not [*bucket_bench.root.glob("*tmp*")]
        assert statuses(bucket_bench.land()) == {"app/a.ndjson": "landed"}
        assert raw(bucket_bench) == RECORDS
        assert bucket_bench.sql("select status from ops.runs order by run_id") == [
            ("interrupted",),
            ("succeeded",),
        ]

    def test_a_signal_does_not_wait_for_the_answer(
        self, bucket_bench: Workbench, s3: S3Server
    ) -> None:
        s3.put("in/a.ndjson", NDJSON)
        is_asked, may_answer = threading.Event(), threading.Event()

        def stall(path: str) -> None:
            is_asked.set()
            may_answer.wait(60)

        s3.faults.before = stall
        with subprocess.Popen(
            [sys.executable, "-m", "hub", "land"],
            cwd=bucket_bench.root,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stderr=subprocess.PIPE,
            text=True,
        ) as landing:
            assert is_asked.wait(60)
            landing.send_signal(signal.SIGTERM)
            _, told = landing.communicate(timeout=30)
        may_answer.set()

        assert landing.returncode == 1
        assert "interrupted" in told
        assert bucket_bench.sql("select status from ops.runs") == [("interrupted",)]


def finding(bench: Workbench) -> str:
    """What doctor finds of files that were turned away."""
    with read_warehouse(bench.project) as connection:
        (found,) = (
            each
            for each in examine(Reading(connection), bench.project)
            if each.check == "quarantine"
        )
    return found.detail


class TestLineage:
    def test_the_bucket_is_the_input(
        self,
        bucket_bench: Workbench,
        s3: S3Server,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        log = tmp_path / "lineage.ndjson"
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(log))
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
        s3.put("in/a.ndjson", NDJSON)
        subprocess.run(
            [sys.executable, "-m", "hub", "land"],
            cwd=bucket_bench.root,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            check=True,
            timeout=60,
        )

        *_, end = map(json.loads, log.read_text().splitlines())
        assert [(each["namespace"], each["name"]) for each in end["inputs"]] == [
            ("s3://drop", "in")
        ]


class TestWithoutTheExtra:
    def test_the_source_says_how_to_get_it(
        self, bucket_bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "obstore", None)
        monkeypatch.setitem(sys.modules, "obstore.exceptions", None)

        (error,) = bucket_bench.land().errors()

        assert "make objects-setup" in error
