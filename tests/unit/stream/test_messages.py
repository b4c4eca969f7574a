"""What a message lands as: its text, or its bytes with the reason why they are no text."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.stream.messages import Message, as_record

HEAD = b"\x00\x00\x01\x86\xa1"  # of the schema 100001
# a record of two strings and a number, as Avro writes it: lengths in front, no names
AVRO = b"\x0aclk-1\x28(2025-01-15T08:00:00Z\x06"
PRINTABLE_AVRO = b"\nclk-1(2025-01-15T08:00:00Z"
# behind the framing, Protobuf has the place of its type in the schema, then its fields
PROTOBUF = b"\x00\x0a\x05clk-1\x10\x06"


def message(value: bytes | None, key: bytes | None = None) -> Message:
    return Message(0, 7, value, key, 1736931600000, [])


def landed(
    value: bytes | None, framing: Any = None, key: bytes | None = None
) -> tuple[str | None, str | None, dict[str, Any]]:
    text, problem, position = as_record(message(value, key), "clicks", framing)
    return text, problem, json.loads(position)


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": 1.0}',
        b' \n{ "id" : "gr\xc3\xb6\xc3\x9fe" }',
        b"{}",
        b'[{"id": 1}]',
        b"[ ]",
        b"7",
        b'"text"',
        b"null",
        b'{"cut',
        b"{",
        b'[{"id": 1',
    ],
)
def test_json_behind_the_framing_is_read_as_it_stands(content: bytes) -> None:
    text, problem, position = landed(HEAD + content, "registry")

    assert (text, problem) == (content.decode(), None)
    assert position["schema_id"] == 100001
    assert "encoding" not in position


@pytest.mark.parametrize("framing", [None, "registry"])
@pytest.mark.parametrize("content", [AVRO, PRINTABLE_AVRO, PROTOBUF, b"\x02", b"hello", b"{\x01"])
def test_avro_and_protobuf_are_named_and_kept_whole(content: bytes, framing: Any) -> None:
    text, problem, position = landed(HEAD + content, framing)

    assert problem == "avro_or_protobuf"
    assert b64decode(text or "") == HEAD + content
    assert (position["encoding"], position["schema_id"]) == ("base64", 100001)


@pytest.mark.parametrize("framing", [None, "registry"])
@pytest.mark.parametrize(
    "value", [b"Obj\x01\x04\x14avro.codec", b"\xc3\x01" + bytes(8) + b"\x06abc"]
)
def test_avro_without_a_registry_is_named_by_its_marks(value: bytes, framing: Any) -> None:
    text, problem, _ = landed(value, framing)

    assert problem == "avro_or_protobuf"
    assert b64decode(text or "") == value


@pytest.mark.parametrize(
    ("value", "framing", "text", "problem"),
    [
        (b'{"id": 1}', "registry", '{"id": 1}', "missing_framing"),
        (b"\x00\x00\x00", "registry", "\x00\x00\x00", "missing_framing"),
        (b"\x01\x00\x00\x00\x01{}", "registry", "\x01\x00\x00\x00\x01{}", "missing_framing"),
        (b"\xff\xfe{", "registry", b64encode(b"\xff\xfe{").decode(), "missing_framing"),
        (HEAD, "registry", "", "empty_message"),
        (b"", "registry", "", "empty_message"),
        (None, "registry", None, "tombstone"),
        (
            HEAD + b'{"id": "\xff"}',
            "registry",
            b64encode(b'{"id": "\xff"}').decode(),
            "invalid_utf8",
        ),
        (HEAD + b"{}", None, b64encode(HEAD + b"{}").decode(), "registry_framing"),
        (b"\x00", None, "\x00", None),
        (b"\x00" * 5, None, "\x00" * 5, None),
        ('{"id": 1}'.encode("utf-16-be"), None, '{"id": 1}'.encode("utf-16-be").decode(), None),
        (b'{"id": 1}', None, '{"id": 1}', None),
        (b"\xff", None, "/w==", "invalid_utf8"),
    ],
)
def test_everything_else_has_the_reason_that_is_true(
    value: bytes | None, framing: Any, text: str | None, problem: str | None
) -> None:
    assert landed(value, framing)[:2] == (text, problem)


@pytest.mark.parametrize(
    ("key", "framing", "said"),
    [
        (None, None, {}),
        (b"u-1", None, {"key": "u-1"}),
        (b"\xff", None, {"key": {"base64": "/w=="}}),
        (b"u-1", "registry", {"key": "u-1"}),
        (HEAD + b'"u-\\u0031"', "registry", {"key": "u-1", "key_schema_id": 100001}),
        (HEAD + b'{"id": 1}', "registry", {"key": '{"id": 1}', "key_schema_id": 100001}),
        (HEAD + b"17", "registry", {"key": "17", "key_schema_id": 100001}),
        (HEAD + b'"\\ud800"', "registry", {"key": '"\\ud800"', "key_schema_id": 100001}),
        (HEAD + b"\x06u-1", "registry", {"key": {"base64": b64encode(HEAD + b"\x06u-1").decode()}}),
        (HEAD + b'"u-1"', None, {"key": {"base64": b64encode(HEAD + b'"u-1"').decode()}}),
    ],
)
def test_a_key_is_text_or_the_bytes_that_it_is(
    key: bytes | None, framing: Any, said: dict[str, Any]
) -> None:
    position = landed(b"{}", framing, key)[2]

    assert {name: position[name] for name in position if name.startswith("key")} == said


@given(st.binary(max_size=24), st.sampled_from([None, "registry"]), st.booleans())
def test_no_byte_of_any_value_is_lost(content: bytes, framing: Any, is_framed: bool) -> None:
    value = HEAD + content if is_framed else content
    text, problem, position = landed(value, framing, key=content)

    assert text is not None
    kept = b64decode(text) if position.get("encoding") else text.encode()
    head = HEAD[:1] + position.get("schema_id", 0).to_bytes(4, "big")
    assert value in (kept, head + kept)
    assert problem is None or text == "" or problem != "empty_message"
