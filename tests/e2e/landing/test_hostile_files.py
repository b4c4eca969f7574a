"""Whatever lies in the folder: it lands whole and verbatim, or not at all and with the reason."""

import base64
import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec.structs import force_setattr

from hub.commands import health, landing
from loader.config.project import open_project
from loader.config.sources import FormatSettings, Source
from loader.landing.file import land_file
from loader.warehouse.connection import open_warehouse
from tests.support.hostile_files import NAMES, HostileFile, endless_line, hostile_files
from tests.support.independent_reader import Record, Untrustworthy, content_of, records_of
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

# HUB_HOSTILE asks for more than the usual number of files with random damage.
MUTATIONS = max(300, int(os.environ.get("HUB_HOSTILE", "0")))


@dataclass(frozen=True)
class Row:
    """A row of raw."""

    number: int
    record: str
    problem: str | None
    position: str | None


@dataclass(frozen=True)
class Landed:
    """A hostile file and what became of it.

    told:   the status that the landing reported.
    ledger: status, rows and reason of its row in raw.loads.
    rows:   what raw holds of it, in order.
    """

    file: HostileFile
    told: str
    ledger: tuple[str, int, str | None]
    rows: list[Row]


def declaring(source: Source, words: dict[str, str]) -> Source:
    """A source with other format settings, also those that would be refused in its YAML."""
    declared, settings = copy(source), FormatSettings()
    for name, word in words.items():
        force_setattr(settings, name, word)
    force_setattr(declared, "format", settings)
    return declared


def spread(
    files: Iterable[HostileFile], bench: Workbench
) -> Iterator[tuple[HostileFile, Source, Path]]:
    """Each file with a source that does not know its content yet, and with its place."""
    sources = list(bench.project.sources.values())
    times: Counter[bytes] = Counter()
    for file in files:
        content = unpacked(file)
        source = declaring(sources[times[content]], file.format)
        times[content] += 1
        yield file, source, bench.drop(f"{source.name}/{file.name}", file.content)


def unpacked(file: HostileFile) -> bytes:
    """The content of a file after decompression; its bytes where that fails."""
    try:
        return content_of(file.content, file.name.lower())[1]
    except Untrustworthy:
        return file.content


def land_all(bench: Workbench, files: Iterable[HostileFile]) -> Iterator[Landed]:
    with open_warehouse(bench.project) as connection:
        for file, source, path in spread(files, bench):
            outcome = land_file(connection, source, path, None)
            (ledger,) = connection.execute(
                "select load_id, status, rows, reason from raw.loads order by load_id desc limit 1"
            ).fetchall()
            rows = connection.execute(
                "select row_number, record, problem, position "
                f"from raw.{source.name} where load_id = ? order by all",
                ledger[:1],
            ).fetchall()
            yield Landed(file, outcome.status, ledger[1:], [Row(*row) for row in rows])


@pytest.fixture(scope="module")
def landed(shared_root: Path) -> list[Landed]:
    with fresh_samples(shared_root) as bench:
        return list(land_all(bench, hostile_files(MUTATIONS)))


def as_read(landed: Landed, row: Row) -> Record:
    """The row in the manner of the independent reader."""
    if row.problem == "invalid_utf8":
        assert row.position == '{"encoding": "base64"}'
        return base64.b64decode(row.record, validate=True)
    is_table = any(word in landed.file.name.lower() for word in (".csv", ".tsv", ".parquet"))
    if row.problem in ("malformed_csv", "repeated_header") or not (
        is_table or landed.file.format.get("kind") == "csv"
    ):
        return row.record
    members: Record = json.loads(
        row.record, object_pairs_hook=list, parse_int=Decimal, parse_float=Decimal
    )
    return members


def expected(file: HostileFile) -> list[Record] | None:
    """The records by the independent reader, None where it trusts no part of the file."""
    try:
        return records_of(file.content, file.name, file.format)
    except Untrustworthy:
        return None


def test_each_named_file_ends_as_it_must(landed: list[Landed]) -> None:
    named = [each for each in landed if each.file.expect != "either"]
    assert len({each.file.name for each in named}) == len(named)
    assert {each.file.name: each.told for each in named} == {
        each.file.name: each.file.expect for each in named
    }


def test_the_ledger_has_each_file_and_the_reason_where_it_did_not_land(
    landed: list[Landed],
) -> None:
    for each in landed:
        status, rows, reason = each.ledger
        assert status == each.told, each.file.name
        assert rows == len(each.rows), each.file.name
        if status == "landed":
            assert reason is None, each.file.name
        else:
            assert status == "quarantined", each.file.name
            assert rows == 0, each.file.name
            word, _, sentence = (reason or "").partition(": ")
            assert word.replace("_", "").isalpha(), each.file.name
            assert sentence.strip(), each.file.name


def test_records_are_numbered_without_gaps_in_the_order_of_the_file(landed: list[Landed]) -> None:
    for each in landed:
        assert [row.number for row in each.rows] == list(range(1, len(each.rows) + 1)), each.file


def test_an_independent_reader_finds_the_same_records_letter_by_letter(
    landed: list[Landed],
) -> None:
    differing = {}
    for each in landed:
        found = [as_read(each, row) for row in each.rows] if each.told == "landed" else None
        wanted = expected(each.file)
        # The independent reader is DuckDB with the file's own footer. It fails over parts of it
        # that no value needs, and overlooks page headers that are wrong.
        if ".parquet" in each.file.name and None in (found, wanted):
            continue
        # 1 is not True, and 0.10 not 0.1
        if repr(found) != repr(wanted):
            differing[each.file.name] = (found, wanted)
    assert differing == {}


def test_records_and_blank_lines_put_together_are_the_file(landed: list[Landed]) -> None:
    put_together = 0
    for each in landed:
        text = each.file.content.replace(b"\r\n", b"\n")
        if each.told != "landed" or not each.file.name.endswith(".ndjson"):
            continue
        if each.file.format or text.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
            continue
        records = iter(
            record if isinstance(record, bytes) else str(record).encode()
            for record in (as_read(each, row) for row in each.rows)
        )
        lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        again = [next(records) if line.strip(b" \t\r") else line for line in lines]
        assert b"\n".join(again) == b"\n".join(lines), each.file.name
        assert next(records, None) is None, each.file.name
        put_together += 1
    assert put_together > 50


def test_a_line_of_fifty_megabytes_lands_as_it_is(bench: Workbench) -> None:
    size = 50 << 20
    for each in land_all(bench, endless_line(size)):
        assert (each.told, len(each.rows)) == ("landed", 2), each.file.name
        head = '{"id":"1","n":"' if each.file.name == "endless.csv" else '{"key": "'
        # pytest would print both sides of a comparison
        is_whole = each.rows[0].record == f'{head}{"x" * size}"}}'
        assert is_whole, each.file.name


def test_names_are_kept_whatever_is_in_them(bench: Workbench) -> None:
    for number, name in enumerate(NAMES):
        bench.drop(f"app/{name}", f'{{"key": "{number}"}}\n'.encode())

    outcomes = {outcome.file: outcome.status for outcome in bench.land().files}

    written = {f"app/{os.fsencode(name).decode(errors='backslashreplace')}" for name in NAMES}
    assert outcomes == dict.fromkeys(written, "landed")
    assert {file for (file,) in bench.sql("select file from raw.loads")} == written
    assert len(list((bench.root / "landing").rglob("*"))) == len(NAMES) + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused_with_the_reason(bench: Workbench) -> None:
    bench.drop("app/secret.ndjson", '{"key": "k1"}\n').chmod(0)
    bench.drop("app/z.ndjson", '{"key": "k2"}\n')

    outcomes = [(each.file, each.status, each.reason) for each in bench.land().files]

    assert outcomes == [
        ("app/secret.ndjson", "refused", "Permission denied"),
        ("app/z.ndjson", "landed", None),
    ]


def test_a_folder_that_may_not_be_read_is_refused_and_the_others_land(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = bench.drop("app/a.ndjson", '{"key": "k1"}\n').parent
    bench.drop("web/a.ndjson", '{"event_id": "k2"}\n')
    below = bench.drop("web/below/b.ndjson", '{"event_id": "k3"}\n').parent
    list_entries = os.scandir

    def refuse(folder: Path) -> Any:
        if folder in (locked, below):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return list_entries(folder)

    # root may read every folder, so that no mode would keep it out
    monkeypatch.setattr(os, "scandir", refuse)

    outcomes = [(each.file, each.status, each.reason) for each in bench.land().files]
    findings = {finding.check: finding for finding in health.doctor(bench.project)}

    assert outcomes == [
        ("app/", "refused", "Permission denied"),
        ("web/below/", "refused", "Permission denied"),
        ("web/a.ndjson", "landed", None),
    ]
    for folder in ("app/", "web/below/"):
        assert f"{folder} (Permission denied)" in findings["files"].detail


@pytest.mark.parametrize("seconds", [2**38, -(2**38), 2**33, -1])
def test_a_file_from_another_age_lands(bench: Workbench, seconds: int) -> None:
    # many file systems cut such times to what they know; one in memory does not
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder:
        path = Path(folder, "app", "a.ndjson")
        path.parent.mkdir()
        path.write_text('{"key": "k1"}\n')
        os.utime(path, (seconds, seconds))

        landed = landing.land_files(open_project(str(bench.database), folder), ())

        assert [(each.file, each.status) for each in landed.files] == [("app/a.ndjson", "landed")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
def test_a_device_is_refused(bench: Workbench) -> None:
    path = bench.drop("app/a.ndjson", '{"key": "k1"}\n').with_name("zero.ndjson")
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))

    outcomes = [(each.file, each.status, each.reason) for each in bench.land().files]

    assert outcomes == [
        ("app/a.ndjson", "landed", None),
        ("app/zero.ndjson", "refused", "not a regular file"),
    ]


def test_a_build_decides_every_record_of_all_of_them(bench: Workbench) -> None:
    files = [file for file, *_ in spread((f for f in hostile_files(0) if not f.format), bench)]

    receipt = bench.run()

    assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
    assert receipt["files"] == {
        "held": 0,
        "landed": sum(file.expect == "landed" for file in files),
        "quarantined": sum(file.expect == "quarantined" for file in files),
    }
    ((rows,),) = bench.sql("select sum(rows) from raw.loads")
    assert sum(receipt["outcomes"].values()) == rows > 70_000
