from __future__ import annotations

from typing import Any

import pytest

from loader.readers import CsvDialect, FileFormat, UnreadableFile, format_of


@pytest.mark.parametrize(
    ("name", "kind", "compression"),
    [
        ("a.json", "json", None),
        ("A.JSON.GZ", "json", "gz"),
        ("a.ndjson", "ndjson", None),
        ("a.jsonl.zst", "ndjson", "zst"),
        ("a.b.csv", "csv", None),
        ("folder/a.parquet", "parquet", None),
    ],
)
def test_the_name_tells_the_format(name: str, kind: str, compression: str | None) -> None:
    fmt = format_of(name)
    assert (fmt.kind, fmt.compression, fmt.encoding) == (kind, compression, None)


def test_a_tsv_file_has_tabs_unless_another_delimiter_is_declared() -> None:
    assert format_of("a.tsv").dialect.delimiter == "\t"
    assert format_of("a.TSV.gz", kind="csv").dialect.delimiter == "\t"
    assert format_of("a.txt", kind="tsv") == format_of("a.tsv")
    assert format_of("a.tsv", delimiter=";").dialect.delimiter == ";"


def test_what_is_declared_goes_before_the_name() -> None:
    fmt = format_of("a.json.gz", kind="NDJSON", encoding="cp1252")
    assert fmt == FileFormat("ndjson", "gz", "cp1252", CsvDialect())


def test_no_quote_and_no_escape_are_declared_by_empty_text() -> None:
    assert format_of("a.csv").dialect == CsvDialect(",", '"', None)
    assert format_of("a.csv", quote="", escape="").dialect == CsvDialect(",", None, None)
    assert format_of("a.csv", quote="'", escape="\\").dialect == CsvDialect(",", "'", "\\")


@pytest.mark.parametrize("name", ["a.txt", "json", "a.csv.bz2", "", "a.gz"])
def test_an_unknown_name_is_refused_and_the_known_endings_are_told(name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"unknown format.*\.jsonl.*\.zst") as caught:
        format_of(name)
    assert caught.value.reason == "unknown_format"


def test_an_unknown_declared_format_is_refused() -> None:
    with pytest.raises(UnreadableFile, match=r"unknown format 'xml' declared: known are json"):
        format_of("a.json", kind="xml")


@pytest.mark.parametrize(
    "declared",
    [
        {"delimiter": ""},
        {"delimiter": "||"},
        {"delimiter": '"'},
        {"quote": "\n"},
        {"escape": ","},
        {"header": []},
        {"header": ["a", ""]},
        {"header": ["a", "b", "a"]},
        {"skip_lines": -1},
        {"comment": '"#'},
        {"comment": ",,"},
        {"comment": "\n#"},
    ],
)
def test_an_impossible_dialect_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFile, match="CSV") as caught:
        format_of("a.csv", **declared)
    assert caught.value.reason == "bad_dialect"
