"""Landing: every record verbatim, every file accounted for, whatever lies in the folder."""

import gzip
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import duckdb
import pytest
import zstandard

from loader.landing import file as file_landing
from loader.landing.folder import Landing
from loader.readers import Batch
from loader.verification import verify
from tests.support.readers import read
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
LINE = json.dumps(EVENT)
RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
CSV = 'key,v\nk1,007\r\n"k2","0.10"\n'
NDJSON = "".join(f"{record}\n" for record in RECORDS)
ARRAY = f"[{RECORDS[0]},\n {RECORDS[1]}]"


def statuses(landing: Landing) -> dict[str, str]:
    return {outcome.file: outcome.status for outcome in landing.files}


def reasons(landing: Landing) -> dict[str, str]:
    return {outcome.file: (outcome.reason or "").split(":")[0] for outcome in landing.files}


def raw(bench: Workbench, source: str = "app") -> list[str]:
    return [
        record
        for (record,) in bench.sql(f"select record from raw.{source} order by load_id, row_number")
    ]


def watched_digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are digested from now on."""
    digested: list[str] = []
    digest_of = file_landing.digest_of

    def watched(file: BinaryIO) -> str:
        digested.append(file.name)
        return digest_of(file)

    monkeypatch.setattr(file_landing, "digest_of", watched)
    return digested


def ledger(bench: Workbench) -> list[tuple[str, str, int]]:
    return bench.sql("select file, status, rows from raw.loads order by load_id")


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.json", ARRAY.encode()),
            ("a.ndjson", NDJSON.encode()),
            ("a.jsonl", NDJSON.rstrip().encode()),
            ("a.csv", CSV.encode()),
            ("a.tsv", CSV.replace(",", "\t").encode()),
            ("A.CSV", CSV.encode()),
            ("a.json.gz", gzip.compress(ARRAY.encode())),
            ("a.ndjson.gz", gzip.compress(NDJSON.encode())),
            ("a.csv.gz", gzip.compress(CSV.encode())),
            ("a.ndjson.zst", zstandard.compress(NDJSON.encode())),
            ("a.csv.zst", zstandard.compress(CSV.encode())),
            ("bom.json", b"\xef\xbb\xbf" + ARRAY.encode()),
            ("bom.ndjson", b"\xef\xbb\xbf" + NDJSON.encode()),
            ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
            ("utf-16.json", ARRAY.encode("utf-16")),
            ("utf-16.ndjson", NDJSON.encode("utf-16")),
            ("utf-16.csv.gz", gzip.compress(CSV.encode("utf-16"))),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_every_format_lands_the_same_records(
        self, bench: Workbench, name: str, content: bytes
    ) -> None:
        bench.drop(f"app/{name}", content)

        assert statuses(bench.land()) == {f"app/{name}": "landed"}

        assert raw(bench) == RECORDS
        assert bench.sql("select row_number, problem from raw.app order by 1") == [
            (1, None),
            (2, None),
        ]
        assert ledger(bench) == [(f"app/{name}", "landed", 2)]

    def test_parquet_lands_as_json_rows(self, bench: Workbench, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        duckdb.execute(
            "copy (select 'k1' as key, 1.10::decimal(9, 2) as value, 9007199254740993 as big, "
            f"null::varchar as none) to '{path}' (format parquet)"
        )
        bench.drop("app/a.parquet", path.read_bytes())

        assert statuses(bench.land()) == {"app/a.parquet": "landed"}

        assert raw(bench) == ['{"key":"k1","value":1.10,"big":9007199254740993,"none":null}']

    def test_one_object_is_one_record(self, bench: Workbench) -> None:
        bench.drop("app/one.json", f"  {LINE}\n")

        bench.land()

        assert raw(bench) == [LINE]

    def test_a_source_may_mix_formats(self, bench: Workbench) -> None:
        bench.drop("app/1.json", ARRAY)
        bench.drop("app/2.csv", CSV)
        bench.drop("app/3.ndjson.gz", gzip.compress(f"{NDJSON}\n\n".encode()))

        bench.land()

        assert raw(bench) == RECORDS * 3  # of equal content, yet not of equal bytes
        assert [rows for _, _, rows in ledger(bench)] == [2, 2, 2]

    def test_declared_encoding_and_dialect_are_used(self, own_project: Workbench) -> None:
        own_project.set_meta(
            "plant", format={"kind": "csv", "encoding": "latin-1", "delimiter": ";", "quote": "'"}
        )
        own_project.drop("plant/export.txt", "id;name\n1;'Käse; fein'\n".encode("latin-1"))

        own_project.land()

        assert raw(own_project, "plant") == ['{"id":"1","name":"Käse; fein"}']
        assert own_project.sql("select encoding from raw.loads")[0][0].lower() in (
            "latin-1",
            "iso8859-1",
        )

    def test_a_file_without_records_lands_with_no_rows(self, bench: Workbench) -> None:
        bench.drop("plant/header.csv", "id,value\n")
        bench.drop("app/none.json", "[]")
        bench.drop("web/blank.ndjson", "\n\n")

        bench.land()

        assert {(status, rows) for _, status, rows in ledger(bench)} == {("landed", 0)}


class TestVerbatim:
    def test_a_json_line_stands_as_it_was(self, bench: Workbench) -> None:
        lines = [
            '{"b": 1,  "a" : 2}',
            '{"id": 123456789012345678901234567890, "rate": 0.10, "e": 1E5}',
            '{"text": " two  spaces ", "escaped": "\\u00e4\\/", "ä": "ß", "twice": 1, "twice": 2}',
        ]
        bench.drop("app/a.ndjson", "\n".join(lines))

        bench.land()

        assert raw(bench) == lines

    def test_an_array_element_stands_as_it_was(self, bench: Workbench) -> None:
        elements = ['{"b": 1,\n   "a" : 0.10}', '{"id": 123456789012345678901234567890}']
        bench.drop("app/a.json", f"[ {elements[0]} ,\n\n{elements[1]}\n]\n")

        bench.land()

        assert raw(bench) == elements

    def test_csv_values_stay_text(self, bench: Workbench) -> None:
        bench.drop(
            "plant/a.csv",
            "z,a,n\n007,0.10,123456789012345678901234567890\n  x ,,NULL\n"
            '"say ""hi""","1,5","two\nlines"\n',
        )

        bench.land()

        assert raw(bench, "plant") == [
            '{"z":"007","a":"0.10","n":"123456789012345678901234567890"}',
            '{"z":"  x ","a":"","n":"NULL"}',
            '{"z":"say \\"hi\\"","a":"1,5","n":"two\\nlines"}',
        ]

    def test_what_cannot_be_read_lands_with_its_text_and_the_problem(
        self, bench: Workbench
    ) -> None:
        bench.drop("app/a.ndjson", b'{"cut": \n[1, 2]\n"text"\n{"bad": "\xff"}\n' + LINE.encode())
        bench.drop("plant/a.csv", 'id,value\n1,2,3\n4\n"5"x,6\n7,8\n')

        bench.land()

        assert bench.sql("select record, problem, position from raw.app order by row_number") == [
            ('{"cut": ', "malformed_json", None),
            ("[1, 2]", "not_an_object", None),
            ('"text"', "not_an_object", None),
            ("eyJiYWQiOiAi/yJ9", "invalid_utf8", '{"encoding": "base64"}'),
            (LINE, None, None),
        ]
        assert bench.sql("select record, problem from raw.plant order by row_number") == [
            ("1,2,3", "malformed_csv"),
            ("4", "malformed_csv"),
            ('"5"x,6', "malformed_csv"),
            ('{"id":"7","value":"8"}', None),
        ]

    @pytest.mark.parametrize(
        ("delimiter", "quote"),
        [pair for pair in product([",", "\t", "§", "{", '"'], ['"', "'", ""]) if len({*pair}) == 2],
    )
    def test_csv_lands_as_the_reader_has_it_whoever_writes_the_records(
        self, own_project: Workbench, delimiter: str, quote: str
    ) -> None:
        # plain rows, which SQL writes; rows with quotes; what is malformed; and blank lines
        rows = ["%,", "it's%s"], ["{'x': 1}", "é€😀"], ["only one"], ["", ""], ["1", "2", "3"]
        plain = [delimiter.join(row) for row in rows] * 3
        quoted = delimiter.join([f"{quote}a{delimiter}{quote * 2}b{quote}", "{"])
        blocks = [
            "\n".join([*plain, quoted, "", *plain]),
            "\n".join([quoted] * 9),
            f"{quoted}\n{plain[0]}\\\n{quote}two\nlines{quote}{delimiter}\n",
        ]
        content = f"it's %d{delimiter}{{}}\n" + "\n".join(blocks)
        declared = {"delimiter": delimiter, "quote": quote}
        own_project.set_meta("plant", format=declared)
        own_project.drop("plant/a.csv", content)
        with mock.patch("loader.readers.bytestream.CHUNK_BYTES", len(blocks[0].encode())):
            expected = read(content.encode(), "a.csv", **declared)
            assert statuses(own_project.land()) == {"plant/a.csv": "landed"}

        assert expected == own_project.sql(
            "select record, problem from raw.plant order by row_number"
        )

    @pytest.mark.parametrize("others", [3, 150])
    def test_fields_are_noted_whatever_other_records_have(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch, others: int
    ) -> None:
        monkeypatch.setattr("loader.landing.fields._BLOCKS_AT_ONCE", 1)
        usual = '{"a": 1, "b": "x", "~/*": null}\n'
        more = "".join(f', "c{number}": true' for number in range(others))
        blocks = [
            usual * 4,
            '{"a": 1, "a": 2}\n' + usual,
            f'{{"a": []{more}}}\n',
            usual * 2,
            "[]\n",
        ]
        bench.drop("app/a.ndjson", "".join(blocks))
        with mock.patch("loader.readers.bytestream.CHUNK_BYTES", len(usual)):
            bench.land()

        assert bench.sql("select field, type, records from raw.fields order by all") == sorted(
            [
                ("a", "array", 1),
                ("a", "number", 8),
                ("b", "string", 7),
                ("~/*", "null", 7),
                *((f"c{number}", "boolean", 1) for number in range(others)),
            ]
        )


class TestKnownFiles:
    def test_a_renamed_copy_lands_nothing(self, bench: Workbench) -> None:
        bench.drop("app/a.ndjson", NDJSON)
        bench.land()
        bench.drop("app/b.ndjson", NDJSON)
        (bench.root / "landing" / "app" / "a.ndjson").rename(bench.root / "landing/app/c.ndjson")

        assert statuses(bench.land()) == {"app/b.ndjson": "known", "app/c.ndjson": "known"}

        assert ledger(bench) == [("app/a.ndjson", "landed", 2)]
        assert len(raw(bench)) == 2

    def test_changed_bytes_under_the_old_name_size_and_time_are_seen(
        self, bench: Workbench
    ) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        before = path.stat()
        bench.land()
        path.write_text(NDJSON.replace("k1", "k9"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size

        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}

        assert raw(bench) == [*RECORDS, RECORDS[0].replace("k1", "k9"), RECORDS[1]]

    def test_an_older_time_of_change_is_no_obstacle(self, bench: Workbench) -> None:
        bench.drop("app/new.ndjson", NDJSON)
        bench.land()
        path = bench.drop("app/old.ndjson", LINE)
        os.utime(path, (0, 0))

        assert statuses(bench.land())["app/old.ndjson"] == "landed"

        assert bench.sql("select modified_at from raw.loads where file = 'app/old.ndjson'") == [
            (datetime(1970, 1, 1),)
        ]

    def test_an_appended_file_lands_and_its_old_rows_are_duplicates(self, bench: Workbench) -> None:
        path = bench.drop("app/log.ndjson", [EVENT, {**EVENT, "key": ""}])
        bench.land()
        assert build_events(bench)
        with path.open("a") as file:
            file.write(json.dumps({**EVENT, "key": "k2"}) + "\n")

        bench.land()
        assert build_events(bench)

        assert bench.outcomes() == ["applied", "rejected", "duplicate", "duplicate", "applied"]

    def test_the_same_file_under_two_sources_lands_in_both(self, bench: Workbench) -> None:
        bench.drop("alpha/a.json", ARRAY)
        bench.drop("beta/a.json", ARRAY)

        assert set(statuses(bench.land()).values()) == {"landed"}

        assert raw(bench, "alpha") == raw(bench, "beta") == RECORDS


def build_events(bench: Workbench) -> bool:
    chosen = ("--select", "tag:events", "--exclude-resource-type", "unit_test")
    return bool(bench.dbt("build", *chosen).success)


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

    def test_a_mended_file_lands(self, bench: Workbench) -> None:
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

    def test_links_folders_sockets_and_pipes_are_refused(
        self, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outside = tmp_path / "outside.ndjson"
        outside.write_text(NDJSON)
        inside = bench.drop("app/good.ndjson", LINE)
        folder = inside.parent
        (folder / "link.ndjson").symlink_to(outside)
        (folder / "near.ndjson").symlink_to("good.ndjson")
        (folder / "dangling.ndjson").symlink_to(tmp_path / "nothing")
        (folder / "folder.ndjson").mkdir()
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
            "app/folder.ndjson",
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

    def test_hidden_files_are_ignored(self, bench: Workbench) -> None:
        bench.drop("app/.a.ndjson", NDJSON)
        bench.drop(".DS_Store", "x")

        landing = bench.land()

        assert (landing.files, landing.unclaimed) == ((), ())


class TestTheLedger:
    def test_a_row_says_what_came_when_and_from_where(self, bench: Workbench) -> None:
        path = bench.drop("app/a.ndjson", NDJSON)
        os.utime(path, (1736899200, 1736899200))
        start = datetime.now(UTC).replace(tzinfo=None)

        bench.land()

        (entry,) = bench.sql(
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
        ((landed_at,),) = bench.sql("select landed_at from raw.loads")
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

    def test_a_kill_between_rows_and_ledger_leaves_neither(self, bench: Workbench) -> None:
        bench.drop("app/a.ndjson", NDJSON)
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_LANDING], cwd=bench.root, check=False
        )

        assert killed.returncode == -signal.SIGKILL
        assert (raw(bench), ledger(bench)) == ([], [])
        assert statuses(bench.land()) == {"app/a.ndjson": "landed"}
        assert raw(bench) == RECORDS
        assert bench.sql("select status from ops.runs order by run_id") == [
            ("interrupted",),
            ("succeeded",),
        ]


KILLED_WHILE_LANDING = """
import os, signal
from hub import commands
from loader.verification import verify
from loader.config.project import open_project
verify.count_records = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
commands.land_files(open_project(), ())
"""
