"""Records of any width land in bounded memory, and all of their fields are known."""

import gzip
import json
import sys
from collections.abc import Callable

import pytest

from tests.support.landed import growth_of_landing, raw, statuses
from tests.support.workbench import Workbench


def wide_csv(columns: int, rows: int, quote: str = "") -> bytes:
    lines = [",".join(f"c{number}" for number in range(columns))]
    for row in range(rows):
        lines.append(",".join(f"{quote}{(row + number) % 997}{quote}" for number in range(columns)))
    return "\n".join(lines).encode()


def wide_ndjson(members: int, rows: int, *, alike: bool = True) -> bytes:
    lines = []
    for row in range(rows):
        first = 0 if alike else row * members
        lines.append(json.dumps({f"k{first + number}": row for number in range(members)}))
    return "\n".join(lines).encode()


def wide_object(members: int) -> bytes:
    record = {f"k{number}": "x" * 20 for number in range(members)}
    return gzip.compress(json.dumps(record).encode())


def wide_below(members: int) -> bytes:
    record = {"data": dict.fromkeys(map(str, range(members)), 1), "list": [{"a": 1}] * members}
    return json.dumps(record).encode()


WIDE: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "20,000 columns": ("a.csv", lambda: wide_csv(20_000, 1), 1),
    "100,000 members in one object": ("a.json.gz", lambda: wide_object(100_000), 1),
    "1,200 members": ("a.ndjson", lambda: wide_ndjson(1_200, 100), 100),
}
WIDE_AND_MANY: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "20,000 columns of 100 rows": ("a.csv", lambda: wide_csv(20_000, 100), 100),
    "20,000 columns in quotes": ("a.csv", lambda: wide_csv(20_000, 50, quote='"'), 50),
    "100,000 columns": ("a.csv", lambda: wide_csv(100_000, 10), 10),
    "1,200 members of 2,000 records": ("a.ndjson", lambda: wide_ndjson(1_200, 2_000), 2_000),
    "100,000 members": ("a.ndjson", lambda: wide_ndjson(100_000, 10), 10),
    "other members in each record": (
        "a.ndjson",
        lambda: wide_ndjson(1_200, 1_000, alike=False),
        1_000,
    ),
    "100,000 members below": ("a.ndjson", lambda: wide_below(100_000), 1),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss has another unit")
@pytest.mark.parametrize("limit", ["", "512MB"])
@pytest.mark.parametrize(
    "name", [*WIDE, *(pytest.param(name, marks=pytest.mark.nightly) for name in WIDE_AND_MANY)]
)
def test_a_file_of_any_width_lands_in_bounded_memory(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, name: str, limit: str
) -> None:
    file, content, rows = {**WIDE, **WIDE_AND_MANY}[name]
    bench.drop(f"app/{file}", content())
    monkeypatch.setenv("HUB_MEMORY_LIMIT", limit)

    status, landed, growth = growth_of_landing(bench)

    assert (status, landed) == ("landed", rows)
    # with what the process takes besides, less than half a GiB
    assert growth < 350


def test_every_field_of_wide_records_is_noted(bench: Workbench) -> None:
    bench.drop("plant/a.csv", wide_csv(150, 3))
    bench.drop(
        "app/a.ndjson",
        wide_ndjson(101, 2)
        + b'\n{"k0": "x", "only": null}\n[]\n{"k0": true, "k0": 1}\n'
        + wide_ndjson(101, 1),
    )

    assert set(statuses(bench.land()).values()) == {"landed"}

    assert bench.sql(
        "select count(*), min(records), max(records), min(type) from raw.fields "
        "where source = 'plant'"
    ) == [(150, 3, 3, "string")]
    assert bench.sql(
        "select field, type, records from raw.fields where source = 'app' "
        "and field in ('k0', 'k100', 'only') order by all"
    ) == [("k0", "number", 3), ("k0", "string", 1), ("k100", "number", 3), ("only", "null", 1)]
    assert len(raw(bench, "plant")) == 3
