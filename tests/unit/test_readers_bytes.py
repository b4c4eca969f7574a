"""Compression and encodings, which all text formats share."""

from __future__ import annotations

import codecs
import gzip
import io
import struct

import pytest
import zstandard

from loader.readers import UnreadableFile, detected_encoding, format_of, read_records
from loader.readers.bytestream import CHUNK_BYTES, byte_chunks
from tests.support.readers import chunks_of, read, refusal, texts

LINES = b"".join(b'{"number": %d}\n' % number for number in range(2000))
RECORDS = LINES.decode().split("\n")[:-1]


def zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


@pytest.mark.parametrize("size", [1, 100, CHUNK_BYTES])
def test_compressed_files_read_as_plain_ones_however_many_members_they_have(size: int) -> None:
    half = len(LINES) // 2
    skippable = struct.pack("<II", 0x184D2A50, 5) + b"extra"
    with chunks_of(size):
        assert texts(LINES, "a.ndjson") == RECORDS
        gz = gzip.compress(LINES[:half]) + gzip.compress(b"") + gzip.compress(LINES[half:])
        assert texts(gz, "a.ndjson.gz") == RECORDS
        frames = zst(LINES[:half]) + skippable + zst(b"") + zst(LINES[half:])
        assert texts(frames, "a.ndjson.zst") == RECORDS


def test_zero_bytes_after_a_gzip_file_are_padding_and_other_bytes_are_damage() -> None:
    gz = gzip.compress(LINES)
    assert texts(gz + bytes(100_000), "a.ndjson.gz") == RECORDS
    assert refusal(gz + b"garbage", "a.ndjson.gz").reason == "damaged_gzip"
    assert refusal(bytes(100), "a.ndjson.gz").reason == "damaged_gzip"


def test_a_compressed_file_cut_anywhere_is_refused_as_truncated() -> None:
    for name, content in (("a.ndjson.gz", gzip.compress(LINES)), ("a.ndjson.zst", zst(LINES))):
        for length in [*range(0, len(content), 97), len(content) - 4, len(content) - 1]:
            error = refusal(content[:length], name)
            assert error.reason in ("truncated_gzip", "truncated_zstd")


def test_a_cut_second_member_is_noticed() -> None:
    for content, name, reason in (
        (gzip.compress(LINES) + gzip.compress(LINES)[:1], "a.ndjson.gz", "truncated_gzip"),
        (zst(LINES) + zst(LINES)[:2], "a.ndjson.zst", "truncated_zstd"),
    ):
        assert refusal(content, name).reason == reason


@pytest.mark.parametrize("from_end", [8, 4, 1])
def test_a_wrong_checksum_or_length_is_damage(from_end: int) -> None:
    gz = bytearray(gzip.compress(LINES))
    gz[-from_end] ^= 1
    error = refusal(bytes(gz), "a.ndjson.gz")
    assert error.reason == "damaged_gzip"
    if from_end <= 4:
        frame = bytearray(zst(LINES))
        frame[-from_end] ^= 1
        assert refusal(bytes(frame), "a.ndjson.zst").reason == "damaged_zstd"


def test_a_file_that_is_not_compressed_at_all_is_damage() -> None:
    assert refusal(LINES, "a.ndjson.gz").reason == "damaged_gzip"
    assert refusal(LINES, "a.ndjson.zst").reason == "damaged_zstd"


@pytest.mark.slow
def test_a_decompression_bomb_comes_in_bounded_chunks() -> None:
    bomb = (b" " * 1023 + b"\n") * (64 << 10)
    for content, name in ((gzip.compress(bomb), "a.ndjson.gz"), (zst(bomb), "a.ndjson.zst")):
        compression = format_of(name).compression
        sizes = [len(chunk) for chunk in byte_chunks(io.BytesIO(content), compression)]
        assert sum(sizes) == len(bomb)
        assert max(sizes) <= 8 << 20
        assert texts(content, name) == []


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loader.readers.batch.MAX_RECORD_BYTES", 10_000)
    long = b"x" * 20_000
    with chunks_of(1000):
        for content, name in (
            (long, "a.ndjson"),
            (b'["' + long + b'"]', "a.json"),
            (b'{"' + long + b'"}', "a.json"),
            (b"a\n" + long, "a.csv"),
            (b'a\n"' + b"x\n" * 10_000 + b'"', "a.csv"),
        ):
            assert refusal(content, name).reason == "record_too_big"


def test_a_read_error_of_the_disk_is_told() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("Input/output error")

    with pytest.raises(UnreadableFile, match="Input/output error") as caught:
        list(read_records(Broken(), format_of("a.csv")))
    assert caught.value.reason == "read_error"


MARKED = [
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
]


@pytest.mark.parametrize("size", [1, 3, CHUNK_BYTES])
@pytest.mark.parametrize(("mark", "codec", "detected"), MARKED)
def test_a_bom_tells_the_encoding_and_is_not_part_of_the_first_record(
    mark: bytes, codec: str, detected: str, size: int
) -> None:
    with chunks_of(size):
        for name, text, record in (
            ("a.ndjson", '{"ü": "😀"}\n', '{"ü": "😀"}'),
            ("a.json", '[{"ü": "😀"}]', '{"ü": "😀"}'),
            ("a.csv", "ü\n😀\n", '{"ü":"😀"}'),
        ):
            content = mark + text.encode(codec)
            assert texts(content, name) == [record]
            assert detected_encoding(io.BytesIO(content), format_of(name)) == detected


def test_a_bom_is_removed_only_at_the_very_start() -> None:
    content = codecs.BOM_UTF8 + codecs.BOM_UTF8 + b"1\n" + codecs.BOM_UTF8 + b"2\n"
    assert texts(content, "a.ndjson") == ["\ufeff1", "\ufeff2"]


def test_a_file_that_is_only_a_bom_has_no_record() -> None:
    for name in ("a.json", "a.ndjson", "a.csv"):
        assert texts(codecs.BOM_UTF8, name) == []
        assert texts(codecs.BOM_UTF16_LE, name) == []


@pytest.mark.parametrize("codec", ["latin-1", "cp1252", "shift_jis", "UTF-16", "iso2022_jp"])
def test_a_declared_encoding_is_used(codec: str) -> None:
    text = "é" if codec in ("latin-1", "cp1252") else "表ソ"  # these hold the byte of a backslash
    encoded = (f'["{text}", 2]').encode("utf-16-le" if codec == "UTF-16" else codec)
    with chunks_of(1):
        assert texts(encoded, "a.json", encoding=codec) == [f'"{text}"', "2"]
    detected = detected_encoding(io.BytesIO(encoded), format_of("a.json", encoding=codec))
    assert detected == ("utf-16-le" if codec == "UTF-16" else codec)


def test_utf8_may_be_declared_under_any_of_its_names() -> None:
    for declared in ("UTF8", "utf-8-sig", "U8"):
        assert read(b"\xff\n\xc3\xa9\n", "a.ndjson", encoding=declared) == [
            ("/w==", "invalid_utf8"),
            ("é", None),
        ]
        fmt = format_of("a.ndjson", encoding=declared)
        assert detected_encoding(io.BytesIO(b"1"), fmt) == "utf-8"


def test_a_bom_wins_against_the_declared_encoding() -> None:
    assert texts(codecs.BOM_UTF8 + "é".encode(), "a.ndjson", encoding="latin-1") == ["é"]
    utf16 = codecs.BOM_UTF16_BE + "é".encode("utf-16-be")
    assert texts(utf16, "a.ndjson", encoding="utf-16-le") == ["é"]
    assert texts(codecs.BOM_UTF16_LE + "\0é".encode("utf-16-le"), "a.ndjson", encoding="utf-16")


def test_bytes_that_do_not_decode_under_another_encoding_refuse_the_file() -> None:
    with chunks_of(7):
        error = refusal(b'["abcdef", "\x82\xff"]', "a.json", encoding="shift_jis")
    assert error.reason == "undecodable"
    assert "shift_jis: the bytes at offset 12 do not decode" in str(error)
    assert refusal(b"\x81\n", "a.ndjson", encoding="cp1252").reason == "undecodable"
    lone_surrogate = codecs.BOM_UTF16_LE + b"a\0\x00\xd8a\0"
    assert refusal(lone_surrogate, "a.ndjson").reason == "undecodable"


def test_utf16_that_ends_inside_a_character_is_told_from_wrong_bytes() -> None:
    error = refusal(codecs.BOM_UTF16_LE + b"a\0b", "a.ndjson")
    assert error.reason == "undecodable"
    assert "end inside a character" in str(error)


@pytest.mark.parametrize("codec", ["klingon", "zip", "rot13", "base64", "undefined", "a\0b", ""])
def test_an_unknown_encoding_is_refused(codec: str) -> None:
    for name in ("a.json", "a.ndjson", "a.csv"):
        assert refusal(b"1", name, encoding=codec).reason == "unknown_encoding"
    with pytest.raises(UnreadableFile, match="not known"):
        detected_encoding(io.BytesIO(), format_of("a.csv", encoding=codec))
