"""A file is written again without some of its records, and all else in it stays as it was."""

import gzip
from io import BytesIO
from typing import Any

import pytest
import zstandard

from loader.landing.without import look_through, write_without
from loader.readers import format_of, read_records


def without(name: str, content: bytes, *dropped: int, **declared: Any) -> tuple[bytes, list[str]]:
    """The bytes of the file without these records, and the records that they hold."""
    fmt = format_of(name, **declared)
    left = look_through(BytesIO(content), fmt, lambda number, text: number in dropped)
    target = BytesIO()
    write_without(BytesIO(content), fmt, left, target)
    records = [text for batch in read_records(target, fmt) for text in batch.records]
    assert len(records) == left.kept
    return target.getvalue(), records


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.ndjson", b'{"k":1}\n\n{"k": 2}\n{"k":3}', b'{"k":1}\n\n{"k":3}\n'),
        ("a.ndjson", b'{"k":1}\r\n \r\n{"k":2}\r\n{"k":3}\r\n', b'{"k":1}\r\n \r\n{"k":3}\r\n'),
        ("a.json", b'[{"k": 1}, {"k":2},{"k" :3}]', b'[\n{"k": 1},\n{"k" :3}\n]\n'),
        ("a.json", b'{"k": 1} {"k":2}\n{"k":3}', b'{"k": 1}\n{"k":3}\n'),
        ("a.csv", b"id,v\n1,a\n2,b\n3,c\n", b"id,v\n1,a\n3,c\n"),
        (
            "a.csv",
            b'\r\nid,v\r\n1,"a\r\nb"\r\n2,"x ""y"""\r\n3,"c"',
            b'\r\nid,v\r\n1,"a\r\nb"\r\n3,"c"\r\n',
        ),
        ("a.csv", b"sep=;\nid;v\n1;a\n2;b\n3;c", b"sep=;\nid;v\n1;a\n3;c\n"),
        ("a.tsv", b"id\tv\n1\ta\tb\n2\tb\n3\tc\n", b"id\tv\n1\ta\tb\n3\tc\n"),
    ],
)
def test_all_but_the_dropped_record_stays_as_it_stood(
    name: str, content: bytes, expected: bytes
) -> None:
    assert without(name, content, 2)[0] == expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a.json"])
def test_encoding_and_byte_order_mark_stay(name: str, encoding: str) -> None:
    text = {
        "a.ndjson": '{"k":"ä"}\n{"k":"ö"}\n{"k":"ü"}\n',
        "a.csv": "k\nä\nö\nü\n",
        "a.json": '[\n{"k":"ä"},\n{"k":"ö"},\n{"k":"ü"}\n]\n',
    }[name]
    expected = {
        "a.ndjson": '{"k":"ä"}\n{"k":"ü"}\n',
        "a.csv": "k\nä\nü\n",
        "a.json": '[\n{"k":"ä"},\n{"k":"ü"}\n]\n',
    }[name]
    declared = {} if encoding in ("utf-8-sig", "utf-16") else {"encoding": encoding}
    written, records = without(name, text.encode(encoding), 2, **declared)
    assert written == expected.encode(encoding)
    assert records == ['{"k":"ä"}', '{"k":"ü"}']


def test_compression_stays_and_is_the_same_each_time() -> None:
    plain = b'{"k":1}\n{"k":2}\n{"k":3}\n'
    zipped, _ = without("a.ndjson.gz", gzip.compress(plain), 1, 3)
    assert gzip.decompress(zipped) == b'{"k":2}\n'
    assert zipped == without("a.ndjson.gz", gzip.compress(plain), 1, 3)[0]
    framed, _ = without("a.ndjson.zst", zstandard.compress(plain), 2)
    assert zstandard.decompress(framed, 1000) == b'{"k":1}\n{"k":3}\n'


def test_bytes_that_are_no_text_stay() -> None:
    damaged = b'{"k":"\xff"}\n{"k":2}\n{"k":3}\n'
    assert without("a.ndjson", damaged, 2)[0] == b'{"k":"\xff"}\n{"k":3}\n'
    assert without("a.ndjson", damaged, 1)[0] == b'{"k":2}\n{"k":3}\n'


def test_a_quote_that_is_never_closed_stays_a_record_of_its_own() -> None:
    content = b'id,v\n1,a\n2,"b\n3,c\n4,d\n'
    written, records = without("a.csv", content, 1, 4)
    assert written == b'id,v\n2,"b\n3,c\n'
    assert records == ['2,"b', '{"id":"3","v":"c"}']


def test_a_file_may_be_left_with_no_record() -> None:
    assert without("a.json", b'[{"k":1}]', 1) == (b"[\n]\n", [])
