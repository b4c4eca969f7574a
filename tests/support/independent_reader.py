"""Reads the records of a file character by character: slow, simple, and with no code of the hub.

So what the hub lands can be compared with a second opinion, text by text.
"""

import codecs
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import zstandard

# A line or an element as it stands; bytes where they are not UTF-8; a row as (column, value).
Row = list[tuple[str, Any]]
Record = str | bytes | Row

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WHITE = " \t\r\n"


class Untrustworthy(Exception):
    """The file as a whole says nothing certain."""


def records_of(content: bytes, name: str, declared: dict[str, Any]) -> list[Record]:
    """All records of a file, by its name and what its source declares.

    Raises Untrustworthy where no part of the file may be believed.
    """
    kind, content = _kind_and_content(content, name.lower(), declared)
    if kind == "parquet":
        return list(_parquet_rows(content))
    text = _decoded(content, declared.get("encoding"))
    if kind == "ndjson":
        return [_as_bytes(line) for line in _lines(text)]
    if kind == "json":
        return [_as_bytes(value) for value in _json_values(text)]
    return _csv_records(text, {"delimiter": "\t" if kind == "tsv" else ",", **declared})


def content_of(content: bytes, name: str) -> tuple[str, bytes]:
    """A file's name without the ending of its compression, and its content after decompression.

    Raises Untrustworthy.
    """
    if name.endswith(".gz"):
        return name.removesuffix(".gz"), _gunzipped(content)
    if name.endswith(".zst"):
        return name.removesuffix(".zst"), _unzstd(content)
    return name, content


def _kind_and_content(content: bytes, name: str, declared: dict[str, Any]) -> tuple[str, bytes]:
    name, content = content_of(content, name)
    kind = declared.get("kind", name.rpartition(".")[2])
    kind = "ndjson" if kind == "jsonl" else kind
    if kind not in ("json", "ndjson", "csv", "tsv", "parquet"):
        raise Untrustworthy(f"no format: {kind}")
    return kind, content


def _gunzipped(content: bytes) -> bytes:
    if not content:
        raise Untrustworthy("empty gzip")
    try:
        return gzip.decompress(content)
    except Exception as error:
        raise Untrustworthy(str(error)) from error


def _unzstd(content: bytes) -> bytes:
    if not content:
        raise Untrustworthy("empty zstd")
    whole = b""
    while content:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            whole += frame.decompress(content)
        except zstandard.ZstdError as error:
            raise Untrustworthy(str(error)) from error
        if not frame.eof:
            raise Untrustworthy("cut zstd frame")
        content = frame.unused_data
    return whole


def _decoded(content: bytes, declared: str | None) -> str:
    """The text; bytes that are not UTF-8 are lone surrogates in it."""
    encoding = {"utf-16": "utf-16-le"}.get(declared or "", declared or "utf-8")
    for mark, marked in _MARKS:
        if content.startswith(mark) and (declared is None or not marked.startswith("utf-32")):
            encoding, content = marked, content[len(mark) :]
            break
    try:
        return content.decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except (LookupError, ValueError) as error:
        raise Untrustworthy(str(error)) from error


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_bytes(text: str) -> str | bytes:
    return text if _is_utf8(text) else text.encode("utf-8", "surrogateescape")


def _lines(text: str) -> Iterator[str]:
    *ended, last = text.split("\n")
    for line in [*(line.removesuffix("\r") for line in ended), last]:
        if line.strip(" \t\r"):
            yield line


# --------------------------------------------------------------------------------------------- JSON


def _json_values(text: str) -> list[str]:
    text = text.strip(_WHITE)
    if text.startswith("["):
        return _elements(text)
    if text.startswith("{"):
        return _objects(text)
    if text:
        raise Untrustworthy("neither an array nor an object")
    return []


def _structure(text: str) -> Iterator[tuple[int, str, int]]:
    """(position, bracket or comma outside of strings, how many brackets are open then)."""
    opened: list[str] = []
    in_string = escaped = False
    for position, char in enumerate(text):
        if in_string:
            if escaped or char == "\\":
                escaped = not escaped
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            opened.append(char)
            yield position, char, len(opened)
        elif char in "]}":
            if not opened or opened.pop() + char not in ("[]", "{}"):
                raise Untrustworthy("brackets do not match")
            yield position, char, len(opened)
        elif char == ",":
            yield position, char, len(opened)
    if opened:
        raise Untrustworthy("brackets are not closed")


def _elements(text: str) -> list[str]:
    elements = []
    start = 1
    for position, char, depth in _structure(text):
        if (char == "," and depth == 1) or (char == "]" and depth == 0):
            elements.append(text[start:position].strip(_WHITE))
            start = position + 1
        if depth == 0 and position < len(text) - 1:
            raise Untrustworthy("content after the array")
    return [] if elements == [""] else elements


def _objects(text: str) -> list[str]:
    objects = []
    start = 0
    for position, char, depth in _structure(text):
        if char == "}" and depth == 0:
            objects.append(text[start : position + 1].strip(_WHITE))
            start = position + 1
    if text[start:] or not all(value.startswith("{") for value in objects):
        raise Untrustworthy("content between objects")
    return objects


# ---------------------------------------------------------------------------------------------- CSV


def _csv_records(text: str, declared: dict[str, Any]) -> list[Record]:
    quote, escape = declared.get("quote", '"'), declared.get("escape", "")
    delimiter, comment = declared["delimiter"], declared.get("comment", "")
    start = 0
    for _ in range(declared.get("skip_lines", 0)):
        start = _next_line(text, _line_end(text, start))
    first = text[start : _line_end(text, start)].strip('"')
    if first[:4].lower() == "sep=" and len(first) == 5:
        delimiter = first[4]
        start = _next_line(text, _line_end(text, start))
    if len(delimiter) != 1 or delimiter == quote:
        raise Untrustworthy("no such dialect")
    rows = _csv_rows(text[start:], delimiter, quote, escape, comment)
    header: list[str] | None = declared.get("header")
    if header is None:
        header_text, header = next(rows, ("", []))
        if header is None or not _is_utf8(header_text):
            raise Untrustworthy("the header cannot be read")
    names = _column_names(header)
    records: list[Record] = []
    for raw, fields in rows:
        unmarked, *_ = _csv_row(raw.removeprefix("\ufeff"), 0, delimiter, quote, escape)
        is_header = header in (fields, unmarked)
        if not _is_utf8(raw) or fields is None or len(fields) != len(names) or is_header:
            records.append(_as_bytes(raw))
        else:
            records.append(list(zip(names, fields, strict=True)))
    return records


def _csv_rows(
    text: str, delimiter: str, quote: str, escape: str, comment: str
) -> Iterator[tuple[str, list[str] | None]]:
    """(text, fields) of each record; fields is None where the grammar is broken."""
    start = 0
    while start < len(text):
        if comment and text.startswith(comment, start):
            start = _next_line(text, _line_end(text, start))
            continue
        fields, end, open_quote = _csv_row(text, start, delimiter, quote, escape)
        if open_quote is not None:
            # the line with the quote that is never closed stands alone
            fields, end = None, _line_end(text, open_quote)
        if end > start:
            yield text[start:end], fields
        start = _next_line(text, end)


def _next_line(text: str, end: int) -> int:
    return end + (2 if text.startswith("\r\n", end) else 1)


def _csv_row(
    text: str, start: int, delimiter: str, quote: str, escape: str
) -> tuple[list[str] | None, int, int | None]:
    """The fields of the record at `start`, its end, and where a quote opens that stays open."""
    fields: list[str] = []
    is_sound = True
    position = start
    while True:
        value = ""
        if quote and text.startswith(quote, position):
            opening = position
            position += 1
            while not text.startswith(quote, position) or text.startswith(quote * 2, position):
                if position >= len(text):
                    return None, position, opening
                if text.startswith(quote, position) or (
                    escape and text[position : position + 2] in (escape * 2, escape + quote)
                ):
                    position += 1
                value += text[position]
                position += 1
            position += 1
            after = position
            position = _field_end(text, position, delimiter)
            is_sound = is_sound and position == after
        else:
            end = _field_end(text, position, delimiter)
            value, position = text[position:end], end
        fields.append(value)
        if not text.startswith(delimiter, position):
            return fields if is_sound else None, position, None
        position += 1


def _field_end(text: str, position: int, delimiter: str) -> int:
    while position < len(text) and text[position] not in (delimiter, "\r", "\n"):
        position += 1
    return position


def _line_end(text: str, position: int) -> int:
    while position < len(text) and text[position] not in "\r\n":
        position += 1
    return position


def _column_names(header: list[str]) -> list[str]:
    names: list[str] = []
    for number, given in enumerate(header, start=1):
        base = name = given or f"column_{number}"
        copies = 1
        while name in names or (name != given and name in header):
            copies += 1
            name = f"{base}_{copies}"
        names.append(name)
    return names


# ------------------------------------------------------------------------------------------ Parquet


def _parquet_rows(content: bytes) -> Iterator[Row]:
    if content[:4] != b"PAR1":
        raise Untrustworthy("no Parquet")
    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        path = Path(folder, "t.parquet")
        path.write_bytes(content)
        connection.execute("set TimeZone = 'UTC'")
        try:
            found = connection.execute("select * from read_parquet(?)", [str(path)])
            names = [column[0] for column in found.description or []]
            rows = found.fetchall()
            footer = connection.execute(
                "select num_rows from parquet_file_metadata($1), parquet_schema($1) limit 1",
                [str(path)],
            ).fetchall()
        except (duckdb.Error, UnicodeError, RuntimeError) as error:
            raise Untrustworthy(str(error)) from error
    if footer != [(len(rows),)]:
        raise Untrustworthy("the footer counts other rows than there are")
    for row in rows:
        yield [(name, _plain(value)) for name, value in zip(names, row, strict=True)]


def _plain(value: Any) -> Any:
    """A value as JSON can say it, numbers as decimals."""
    if isinstance(value, dict):
        return [(name, _plain(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        number = Decimal(repr(value))
        return number if number.is_finite() else repr(value)
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, bytes):
        return "".join(_written_byte(byte) for byte in value)
    if isinstance(value, datetime):
        zone = "+00" if value.tzinfo else ""
        return f"{_written_time(value.replace(tzinfo=None) if not zone else _utc(value))}{zone}"
    assert isinstance(value, date | time), type(value)
    return _written_time(value)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _written_time(moment: date | time) -> str:
    text = moment.isoformat().replace("T", " ")
    return text.rstrip("0") if "." in text else text


def _written_byte(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in b"\"'\\" else f"\\x{byte:02X}"
