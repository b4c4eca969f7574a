"""What cannot be taken in is turned away with a reason, and holds nothing else back."""

import gzip
import json
import os
import socket
from pathlib import Path

import pytest
import zstandard

from hub.text.landing import render_landing
from loader.verification import verify
from tests.support.landed import ledger, raw, reasons, statuses
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
LINE = json.dumps(EVENT)
RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
NDJSON = "".join(f"{record}\n" for record in RECORDS)
ARRAY = f"[{RECORDS[0]},\n {RECORDS[1]}]"


class TestTurnedAway:
    def test_damaged_files_are_quarantined_with_the_reason_and_the_others_land(
        self, bench: Workbench
    ) -> None:
        packed = gzip.compress(NDJSON.encode() * 99)
        frame = zstandard.compress(NDJSON.encode() * 99)
        bench.drop("app/crc.ndjson.gz", packed[:-8] + b"\0\0\0\0" + packed[-4:])
        bench.drop("app/cut.ndjson.gz", packed[:-9])
        bench.drop("app/cut.ndjson.zst", frame[:-1])
        bench.drop("app/not.json.gz", ARRAY)
        bench.drop("app/cut.json", ARRAY[:-1])
        bench.drop("app/more.json", ARRAY + "x")
        bench.drop("app/sheet.xlsx", b"PK")
        bench.drop("app/broken.parquet", b"PAR1PAR1")
        bench.drop("plant/header.csv", '"id,value\n1,2\n')
        bench.drop("app/z.ndjson", NDJSON)

        found = reasons(bench.land())

        assert found.pop("app/broken.parquet")
        assert found == {
            "app/crc.ndjson.gz": "damaged_gzip",
            "app/cut.ndjson.gz": "truncated_gzip",
            "app/cut.ndjson.zst": "truncated_zstd",
            "app/not.json.gz": "damaged_gzip",
            "app/cut.json": "truncated_json",
            "app/more.json": "content_after_json",
            "app/sheet.xlsx": "unknown_format",
            "plant/header.csv": "bad_header",
            "app/z.ndjson": "",
        }
        assert raw(bench) == RECORDS
        assert raw(bench, "plant") == []
        assert bench.sql(
            "select status, count(*), sum(rows), count(reason) from raw.loads group by 1 order by 1"
        ) == [("landed", 1, 2, 0), ("quarantined", 9, 0, 9)]

    def test_a_quarantined_file_is_reported_again_but_its_row_stays_one(
        self, bench: Workbench
    ) -> None:
        bench.drop("app/cut.json", ARRAY[:-1])
        bench.land()

        assert reasons(bench.land()) == {"app/cut.json": "truncated_json"}

        assert ledger(bench) == [("app/cut.json", "quarantined", 0)]

    def test_a_quarantined_file_is_tried_again_when_the_settings_change(
        self, own_project: Workbench
    ) -> None:
        own_project.drop("plant/export.dat", "id|value\n1|2\n")
        assert statuses(own_project.land()) == {"plant/export.dat": "quarantined"}
        own_project.set_meta("plant", format={"kind": "csv", "delimiter": "|"})

        assert statuses(own_project.land()) == {"plant/export.dat": "landed"}

        assert raw(own_project, "plant") == ['{"id":"1","value":"2"}']
        assert ledger(own_project) == [("plant/export.dat", "landed", 1)]

    def test_a_file_quarantined_for_its_name_lands_under_a_right_one(
        self, bench: Workbench
    ) -> None:
        path = bench.drop("app/events.txt", NDJSON)
        assert statuses(bench.land()) == {"app/events.txt": "quarantined"}
        path.rename(path.with_name("events.ndjson"))

        assert statuses(bench.land()) == {"app/events.ndjson": "landed"}

        assert raw(bench) == RECORDS

    def test_a_corrected_file_lands(self, bench: Workbench) -> None:
        path = bench.drop("app/a.json", ARRAY[:-1])
        bench.land()
        path.write_text(ARRAY)

        assert statuses(bench.land()) == {"app/a.json": "landed"}

    def test_a_file_that_changes_while_it_is_read_is_held_and_lands_next_time(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        count = verify.count_records

        def count_while_the_sender_writes(*arguments: object) -> int:
            with path.open("a") as file:
                file.write(LINE)
            return count(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(verify, "count_records", count_while_the_sender_writes)
            assert statuses(bench.land()) == {"app/a.ndjson": "held"}
        assert raw(bench) == []

        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}
        assert raw(bench) == [*RECORDS, LINE]

    def test_links_sockets_and_pipes_are_refused(
        self, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outside = tmp_path / "outside.ndjson"
        outside.write_text(NDJSON)
        inside = bench.drop("app/good.ndjson", LINE)
        folder = inside.parent
        (folder / "link.ndjson").symlink_to(outside)
        (folder / "near.ndjson").symlink_to("good.ndjson")
        (folder / "dangling.ndjson").symlink_to(tmp_path / "nothing")
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "x.ndjson").write_text(NDJSON)
        (folder / "folder").symlink_to(tmp_path / "more")
        os.mkfifo(folder / "pipe.ndjson")
        monkeypatch.chdir(folder)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket.ndjson")
            monkeypatch.chdir(bench.root)
            landing = bench.land()

        refused = {file for file, status in statuses(landing).items() if status == "refused"}
        assert refused == {
            "app/link.ndjson",
            "app/near.ndjson",
            "app/dangling.ndjson",
            "app/folder",
            "app/pipe.ndjson",
            "app/socket.ndjson",
        }
        assert all(outcome.reason for outcome in landing.files if outcome.status == "refused")
        assert raw(bench) == [LINE]

    def test_the_folder_of_a_source_may_not_be_a_link(
        self, bench: Workbench, tmp_path: Path
    ) -> None:
        (tmp_path / "a.ndjson").write_text(NDJSON)
        (bench.root / "landing" / "app").symlink_to(tmp_path)

        landing = bench.land()

        assert raw(bench) == []
        assert landing.unclaimed == ("app",)

    def test_what_no_source_claims_is_reported_and_left(self, bench: Workbench) -> None:
        unclaimed = bench.drop("gamma/a.ndjson", NDJSON)
        loose = bench.drop("loose.ndjson", NDJSON)

        landing = bench.land()

        assert landing.unclaimed == ("gamma", "loose.ndjson")
        assert landing.files == ()
        assert unclaimed.read_text() == loose.read_text() == NDJSON
        assert ledger(bench) == []

    def test_hidden_files_and_folders_are_passed_over_and_named(self, bench: Workbench) -> None:
        bench.drop("app/.a.ndjson", NDJSON)
        bench.drop("app/.git/a.ndjson", NDJSON)
        bench.drop("app/below/.tmp/a.ndjson", NDJSON)
        bench.drop(".DS_Store", "x")

        landing = bench.land()

        assert (landing.files, landing.unclaimed) == ((), ())
        assert landing.hidden == ("app/.a.ndjson", "app/.git", "app/below/.tmp")
        assert "app/.git: hidden, passed over" in render_landing(landing)
        assert landing.warnings() == []

    def test_a_zstd_window_beyond_the_limit_has_a_reason_of_its_own(self, bench: Workbench) -> None:
        def packed(window_log: int) -> bytes:
            settings = zstandard.ZstdCompressionParameters(window_log=window_log)
            # of unknown size, so that the window is not made smaller
            frame = zstandard.ZstdCompressor(compression_params=settings).compressobj()
            return frame.compress(NDJSON.encode()) + frame.flush()

        bench.drop("app/far.ndjson.zst", packed(28))
        bench.drop("web/near.ndjson.zst", packed(27))

        assert reasons(bench.land()) == {
            "app/far.ndjson.zst": "zstd_window_too_big",
            "web/near.ndjson.zst": "",
        }

    def test_a_zstd_dictionary_that_is_missing_has_a_reason_of_its_own(
        self, bench: Workbench
    ) -> None:
        samples = [f'{{"key": "k{number}", "n": {number * 7}}}' for number in range(20_000)]
        words = zstandard.train_dictionary(2_000, [sample.encode() for sample in samples])
        packed = zstandard.ZstdCompressor(dict_data=words).compress(NDJSON.encode())
        bench.drop("app/a.ndjson.zst", packed)

        assert reasons(bench.land()) == {"app/a.ndjson.zst": "zstd_dictionary_missing"}
