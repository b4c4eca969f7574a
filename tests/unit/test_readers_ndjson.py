from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.readers import format_of, read_records
from loader.readers.batch import Lines
from loader.readers.bytestream import CHUNK_BYTES
from loader.readers.depth import any_too_deep
from tests.support.readers import chunks_of, read, read_all, texts

BASE64 = '{"encoding": "base64"}'


def test_a_record_is_the_line_as_it_stood() -> None:
    lines = ['{"a": 007, "b": 0.10}', " [1 , 2] ", "{bad", '{"x":"\u2028\x00\x01\x0b\x85"}', "NaN"]
    assert texts("\n".join(lines).encode(), "a.jsonl") == lines


def test_the_last_line_needs_no_newline() -> None:
    assert texts(b"1\n2", "a.ndjson") == texts(b"1\n2\n", "a.ndjson") == ["1", "2"]


def test_crlf_ends_a_line_and_a_lone_cr_does_not() -> None:
    for size in (1, 2, 1000):
        with chunks_of(size):
            assert texts(b"1\r\n2\r3\r\r\n4\r", "a.ndjson") == ["1", "2\r3\r", "4\r"]


def test_lines_of_white_space_hold_no_record() -> None:
    for size in (1, 2, 3, 1000):
        with chunks_of(size):
            assert texts(b"\n \n\t\r\n 1 \n\n\r\r\n\n2\n \t", "a.ndjson") == [" 1 ", "2"]


def test_other_space_characters_are_not_white_space() -> None:
    assert texts("\x0b\n\u00a0\n".encode(), "a.ndjson") == ["\x0b", "\u00a0"]


def test_an_empty_file_has_no_record() -> None:
    assert texts(b"", "a.ndjson") == []


def test_a_line_that_is_not_utf8_is_isolated_and_its_bytes_are_kept() -> None:
    bad = b'{"a": "\xff\xe2\x82"}'
    for size in (1, 2, 5, 1000):
        with chunks_of(size):
            assert read_all("é\n".encode() + bad + b"\r\n" + "€\n".encode(), "a.ndjson") == [
                ("é", None, None),
                (base64.b64encode(bad).decode(), "invalid_utf8", BASE64),
                ("€", None, None),
            ]


def test_encoded_surrogates_and_cut_characters_are_not_utf8() -> None:
    for bad in (b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"):
        assert [problem for _, problem in read(b"1\n" + bad, "a.ndjson")] == [None, "invalid_utf8"]


@pytest.mark.slow
def test_batches_are_bounded_and_a_bigger_record_comes_alone() -> None:
    def sizes(content: bytes) -> list[int]:
        return [len(b.records) for b in read_records(io.BytesIO(content), format_of("a.ndjson"))]

    assert max(sizes(b"{}\n" * 3_000_000)) <= CHUNK_BYTES // len("{}\n") + 1
    assert max(sizes(b"\xff\n" * 120_000)) == 50_000
    big = b"x" * (9 << 20)
    assert 1 in sizes(b"1\n" * 10 + big + b"\n" + b"2\n" * 10)
    assert all(
        sum(map(len, batch.records)) <= 8 << 20
        for batch in read_records(io.BytesIO(b"y" * 999_999 + b"\n" * 40), format_of("a.ndjson"))
    )


@pytest.mark.parametrize("levels", [499, 500, 501])
def test_a_line_that_may_be_too_deep_is_told_apart(levels: int) -> None:
    deep = '{"a":' + "[" * levels + "]" * levels + "}"
    for before in range(0, 600, 7):
        content = "1\n" * before + deep + "\n" + "2\n" * 300
        for batch in read_records(io.BytesIO(content.encode()), format_of("a.ndjson")):
            if isinstance(batch, Lines):
                assert not any_too_deep(batch.records)


def test_one_line_of_50_mb_is_one_record() -> None:
    line = b'{"a": "' + b"x" * 50_000_000 + b'"}'
    assert texts(b"1\n" + line + b"\n2\n", "a.ndjson") == ["1", line.decode(), "2"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(
    records=st.lists(
        st.text(st.characters(exclude_characters="\n\r", codec="utf-8")).filter(
            lambda text: text.strip(" \t")
        )
    ),
    last_end=st.booleans(),
    size=st.integers(1, 40),
)
def test_whatever_is_written_is_read(
    end: str, records: list[str], last_end: bool, size: int
) -> None:
    written = end.join(records) + (end if last_end else "")
    expected = list(records)
    if expected and expected[0].startswith("\ufeff"):
        written = "\ufeff" + written
    with chunks_of(size):
        assert texts(written.encode(), "a.ndjson") == expected


@given(
    content=st.lists(
        st.sampled_from([b"a", b"\n", b"\r", b" ", b"\xff", b"\xe2\x82", b"\xac", b"\0"])
    ).map(b"".join),
    size=st.integers(1, 9),
)
def test_no_byte_is_lost_or_changed(content: bytes, size: int) -> None:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    with chunks_of(size):
        found = [
            base64.b64decode(record) if problem else record.encode()
            for record, problem in read(content, "a.ndjson")
        ]
    assert found == [line for line in lines if line.strip(b" \t\r")]
