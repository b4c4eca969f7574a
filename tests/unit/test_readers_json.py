from __future__ import annotations

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.readers import UnreadableFile, format_of
from loader.verification.count import count_records
from tests.support.readers import chunks_of, read, read_all, refusal, texts

SIZES = [1, 2, 3, 7, 1 << 20]


def test_each_element_is_a_record_as_it_stood() -> None:
    elements = ['{"a": 007}', "1.10", "[1 ,[2]]", '"x, ]"', "null", '{"a":"\\"}{"}', "{}", "[]"]
    for size in SIZES:
        with chunks_of(size):
            content = " [ " + " ,\n ".join(elements) + "\t]\r\n"
            assert texts(content.encode(), "a.json") == elements


@pytest.mark.parametrize(
    "bad", ["{bad}", '{"a": 1,}', "nul", "{'a': 1}", '{"a" 1}', "1 2", '{"a": "line\nend"}', "\\"]
)
def test_a_bad_element_is_one_record_and_its_neighbours_are_unaffected(bad: str) -> None:
    for size in SIZES:
        with chunks_of(size):
            elements = ['{"a": 1}', bad, '{"a": 2}']
            assert texts(f"[{', '.join(elements)}]".encode(), "a.json") == elements


def test_an_empty_element_is_malformed() -> None:
    empty = ("", "malformed_json")
    for size in SIZES:
        with chunks_of(size):
            assert read(b"[1,,2]", "a.json") == [("1", None), empty, ("2", None)]
            assert read(b"[1, ]", "a.json") == [("1", None), empty]
            assert read(b"[,]", "a.json") == [empty, empty]


@pytest.mark.parametrize("content", [b"", b" \n\t", b"[]", b" [ \n ] "])
def test_an_empty_file_or_array_has_no_record(content: bytes) -> None:
    for size in SIZES:
        with chunks_of(size):
            assert texts(content, "a.json") == []


def test_a_single_object_is_one_record() -> None:
    assert texts(b' {"a": [1, {"b": 2}]}\n', "a.json") == ['{"a": [1, {"b": 2}]}']


def test_objects_one_after_the_other_are_one_record_each() -> None:
    objects = ['{"a": 1}', "{bad}", '{"b": "}{"}', "{}"]
    for size in SIZES:
        for between in ("\n", "", "\r\n  "):
            with chunks_of(size):
                assert texts(between.join(objects).encode(), "a.json") == objects


@pytest.mark.parametrize(
    "content",
    ["[", "[1", "[1,", '[{"a": 1}, {"a"', '["x', '["x\\', '["x\\"', "[[1]", "{", '{"a": [1]', "[ "],
)
def test_a_file_that_ends_early_is_truncated(content: str) -> None:
    for size in SIZES:
        with chunks_of(size):
            error = refusal(content.encode(), "a.json")
            assert error.reason == "truncated_json"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html></html>", "not_json"),
        ("12", "not_json"),
        ('"text"', "not_json"),
        ("]", "not_json"),
        ("[{]}]", "broken_json"),
        ("[1}", "broken_json"),
        ("[1, {]]", "broken_json"),
        ("{]}", "broken_json"),
        ("[1] 2", "content_after_json"),
        ("[1][2]", "content_after_json"),
        ("[1]]", "content_after_json"),
        ("[] {}", "content_after_json"),
        ('{"a": 1}, {"a": 2}', "content_after_json"),
        ('{"a": 1} [2]', "content_after_json"),
    ],
)
def test_a_file_whose_structure_cannot_be_followed_is_refused(content: str, reason: str) -> None:
    for size in SIZES:
        with chunks_of(size):
            error = refusal(content.encode(), "a.json")
            assert error.reason == reason
            with pytest.raises(UnreadableFile):
                count_records(io.BytesIO(content.encode()), format_of("a.json"))


def test_an_element_that_is_not_utf8_is_isolated_and_its_bytes_are_kept() -> None:
    bad = b'{"a": "\xff\xe2\x82"}'
    encoded = (base64.b64encode(bad).decode(), "invalid_utf8", '{"encoding": "base64"}')
    for size in SIZES:
        with chunks_of(size):
            good = ('"é"', None, None)
            array = b"[" + '"é"'.encode() + b" , " + bad + b" ," + '"é"'.encode() + b"]"
            assert read_all(array, "a.json") == [good, encoded, good]
            assert read_all(bad + b"\n{}", "a.json") == [encoded, ("{}", None, None)]


def test_what_the_json_parser_cannot_take_is_read_all_the_same() -> None:
    deep = "[" * 5000 + "]" * 5000
    digits = "9" * 10_000
    elements = [deep, digits, f"-{digits}.{digits}e{digits}", "NaN", '"\\ud800"', '"\x01"']
    assert texts(f"[{','.join(elements)}]".encode(), "a.json") == elements


@pytest.mark.slow
def test_an_element_of_50_mb_is_one_record() -> None:
    big = '{"a": "' + 'x\\"' * 10_000_000 + "y" * 20_000_000 + '"}'
    assert texts(f'[{{"b": 1}},{big},{{"c": 2}}]'.encode(), "a.json") == [
        '{"b": 1}',
        big,
        '{"c": 2}',
    ]


@pytest.mark.slow
def test_bad_elements_by_the_thousand_do_not_stop_the_reader() -> None:
    elements = ["{bad}", "nul", '{"a": }'] * 20_000
    assert texts(f"[{','.join(elements)}]".encode(), "a.json") == elements


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\\\"'"), inner),
    max_leaves=5,
)


@given(
    values=st.lists(json_values),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
    size=st.integers(1, 50),
)
def test_whatever_is_written_is_read(
    values: list[object], ascii_only: bool, indent: int | None, size: int
) -> None:
    elements = [json.dumps(value, ensure_ascii=ascii_only, indent=indent) for value in values]
    content = f"[{' , '.join(elements)}\n]".encode()
    with chunks_of(size):
        assert texts(content, "a.json") == elements


@given(
    content=st.lists(st.sampled_from([*'[]{}",\\a \n', "é", "[1,", '"a"'])).map("".join),
    start=st.sampled_from(["[", "{", ""]),
    size=st.integers(1, 9),
)
def test_any_text_is_read_the_same_in_any_chunks_and_counted_right_or_refused(
    content: str, start: str, size: int
) -> None:
    def outcome() -> object:
        try:
            return read((start + content).encode(), "a.json")
        except UnreadableFile as error:
            return error.reason

    whole = outcome()
    with chunks_of(size):
        assert outcome() == whole
