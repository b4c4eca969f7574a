"""What comes off a topic, and what it lands as."""

import json
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from loader.config.kafka import Framing
from loader.readers.batch import isolated
from loader.stream.framing import SUSPECT, Framed, framed, is_marked_avro, seems_framed

# The text (None where there is none), its problem, its position.
StreamRecord = tuple[str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. value is None for a tombstone; timestamp is in milliseconds of the epoch."""

    partition: int
    offset: int
    value: bytes | None
    key: bytes | None
    timestamp: int | None
    headers: list[tuple[str, bytes | None]]

    @property
    def size(self) -> int:
        """Bytes of its content."""
        return len(self.value or b"") + len(self.key or b"")


def as_record(message: Message, topic: str, framing: Framing = None) -> StreamRecord:
    """The message as a row of raw.<source>.

    framing: of its value, and of its key where that has one; the text is what stands behind it.
    A value that is no UTF-8 text, or in a binary format, is written as base64, and the position
    says so; a tombstone has no text, which keeps it apart from an empty value.
    """
    position: dict[str, Any] = {
        "topic": topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp": message.timestamp,
    }
    if message.key is not None and framing:
        position |= _framed_key(message.key)
    elif message.key is not None:
        position["key"] = _in_json(message.key)
    if message.headers:
        position["headers"] = [
            [name, value if value is None else _in_json(value)] for name, value in message.headers
        ]
    if message.value is None:
        return None, "tombstone", json.dumps(position)
    content, problem = message.value, None
    if framing or content.startswith(SUSPECT):
        found = framed(content) if framing or seems_framed(content) else None
        if found:
            position["schema_id"] = found.schema_id
        problem = _problem_of(content, found, framing)
        if found and problem is None:
            content = found.content
    if not content:
        return "", "empty_message", json.dumps(position)
    text = content.decode("utf-8", "surrogateescape")
    damaged = isolated(text)
    if damaged is None and problem in (None, "missing_framing"):
        return text, problem, json.dumps(position)
    position["encoding"] = "base64"
    kept = b64encode(content).decode("ascii")
    return kept, problem or "invalid_utf8", json.dumps(position)


def _problem_of(value: bytes, found: Framed | None, framing: Framing) -> str | None:
    """Why the value of a message cannot be read as JSON, as far as its framing tells."""
    if is_marked_avro(value):
        return "avro_or_protobuf"
    if found is None:
        return "missing_framing" if framing and value else None
    if found.content and not found.is_json:
        return "avro_or_protobuf"
    return None if framing else "registry_framing"


def _framed_key(key: bytes) -> dict[str, Any]:
    """A key as the position holds it. Behind a framing, a JSON string is its text."""
    found = framed(key)
    if found is None:
        return {"key": _in_json(key)}
    if not found.is_json:
        return {"key": {"base64": b64encode(key).decode("ascii")}}
    content = found.content
    if content.startswith(b'"'):
        # half a character, which JSON can write and no text can hold, is kept as it is written
        with suppress(UnicodeEncodeError):
            content = str(json.loads(content)).encode()
    return {"key": _in_json(content), "key_schema_id": found.schema_id}


def _in_json(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode("ascii")}
