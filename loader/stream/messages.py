"""What comes off a topic, and what it lands as."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from loader.readers.batch import isolated

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


def as_record(message: Message, topic: str) -> StreamRecord:
    """The message as a row of raw.<source>.

    A value that is no UTF-8 text is written as base64, and the position says so; a tombstone has
    no text, which keeps it apart from an empty value.
    """
    position: dict[str, Any] = {
        "topic": topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp": message.timestamp,
    }
    if message.key is not None:
        position["key"] = _in_json(message.key)
    if message.headers:
        position["headers"] = [
            [name, value if value is None else _in_json(value)] for name, value in message.headers
        ]
    if message.value is None:
        return None, "tombstone", json.dumps(position)
    if not message.value:
        return "", "empty_message", json.dumps(position)
    text = message.value.decode("utf-8", "surrogateescape")
    damaged = isolated(text)
    if damaged is None:
        return text, None, json.dumps(position)
    position["encoding"] = "base64"
    return damaged[0], damaged[1], json.dumps(position)


def _in_json(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode("ascii")}
