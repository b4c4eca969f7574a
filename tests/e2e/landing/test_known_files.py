"""A file is known by its content, whatever its name and times."""

import gzip
import json
import os
from datetime import datetime

import pytest
import zstandard

from tests.support.landed import ledger, raw, statuses
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
LINE = json.dumps(EVENT)
RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
NDJSON = "".join(f"{record}\n" for record in RECORDS)
ARRAY = f"[{RECORDS[0]},\n {RECORDS[1]}]"


def build_events(bench: Workbench) -> bool:
    chosen = ("--select", "tag:events", "--exclude-resource-type", "unit_test")
    return bool(bench.dbt("build", *chosen).success)


class TestKnownFiles:
    def test_a_renamed_copy_lands_nothing(self, bench: Workbench) -> None:
        bench.drop("app/a.ndjson", NDJSON)
        bench.land()
        bench.drop("app/b.ndjson", NDJSON)
        (bench.root / "landing" / "app" / "a.ndjson").rename(bench.root / "landing/app/c.ndjson")

        assert statuses(bench.land()) == {"app/b.ndjson": "known", "app/c.ndjson": "known"}

        assert ledger(bench) == [("app/a.ndjson", "landed", 2)]
        assert len(raw(bench)) == 2

    @pytest.mark.slow
    @pytest.mark.parametrize("first", [".json", ".json.gz", ".json.zst"])
    def test_a_copy_that_is_compressed_in_another_way_lands_nothing(
        self, bench: Workbench, first: str
    ) -> None:
        content = ARRAY.encode()
        kinds = {
            ".json": content,
            ".json.gz": gzip.compress(content, 9),
            ".json.zst": zstandard.compress(content),
        }
        bench.drop(f"app/day1{first}", kinds.pop(first))
        assert statuses(bench.land()) == {f"app/day1{first}": "landed"}
        for ending, packed in kinds.items():
            bench.drop(f"app/day1{ending}", packed)
        bench.drop("app/again.json.gz", gzip.compress(content[:9], 1) + gzip.compress(content[9:]))

        found = statuses(bench.land())

        assert found == {
            f"app/{name}": "known"
            for name in ("day1.json", "day1.json.gz", "day1.json.zst", "again.json.gz")
        }
        assert raw(bench) == RECORDS

    @pytest.mark.slow
    def test_an_order_does_not_go_back_when_its_file_is_packed(self, bench: Workbench) -> None:
        first = json.dumps([{"uid": "o1", "data": "shipped"}])
        bench.drop("alpha/day1.json", first)
        bench.land()
        bench.drop("alpha/day2.json", json.dumps([{"uid": "o1", "data": "returned"}]))
        bench.land()
        bench.drop("alpha/day1.json.gz", gzip.compress(first.encode()))
        assert statuses(bench.land())["alpha/day1.json.gz"] == "known"

        chosen = ("--select", "tag:orders", "--exclude-resource-type", "unit_test")
        assert bench.dbt("build", *chosen).success
        assert bench.sql("select status from marts.orders") == [("returned",)]

    def test_a_packed_file_that_is_damaged_is_quarantined_once(self, bench: Workbench) -> None:
        damaged = gzip.compress(NDJSON.encode())[:-6]
        bench.drop("app/a.ndjson.gz", damaged)
        for _ in range(2):
            assert statuses(bench.land()) == {"app/a.ndjson.gz": "quarantined"}
        assert ledger(bench) == [("app/a.ndjson.gz", "quarantined", 0)]
        bench.drop("app/a.ndjson.gz", gzip.compress(NDJSON.encode()))

        assert statuses(bench.land()) == {"app/a.ndjson.gz": "landed"}

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

    @pytest.mark.slow
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
