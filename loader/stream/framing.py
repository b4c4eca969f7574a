"""Takes the framing of a schema registry off: a magic byte 0, and four bytes of the schema's id.

It says which schema a value has, not in which format: JSON is told by how it begins. Behind it may
as well be Avro or Protobuf, which are binary.
"""

import json
import re
from dataclasses import dataclass

_MAGIC = 0
_HEAD_BYTES = 5
_OBJECT_OR_LIST = re.compile(
    rb'[ \t\r\n]*(?:\{[ \t\r\n]*(?:["}]|\Z)|\[[ \t\r\n]*(?:[\[\]{"0-9tfn-]|\Z))'
)
# Avro without a registry: a container file, and a single object with its schema's fingerprint
_AVRO_MARKS = (b"Obj\x01", b"\xc3\x01")
# how a value begins that may be one of these: most do not, and are looked at no further
SUSPECT = (b"\0\0", *_AVRO_MARKS)


@dataclass(frozen=True)
class Framed:
    """What stands behind a framing, and the id of its schema."""

    schema_id: int
    content: bytes

    @property
    def is_json(self) -> bool:
        """Whether the content begins as JSON: an object, a list, or a whole value of its own."""
        return _OBJECT_OR_LIST.match(self.content) is not None or _is_value(self.content)


def framed(value: bytes) -> Framed | None:
    """What stands behind the framing of a value; None where it has none."""
    if len(value) < _HEAD_BYTES or value[0] != _MAGIC:
        return None
    return Framed(int.from_bytes(value[1:_HEAD_BYTES], "big"), value[_HEAD_BYTES:])


def seems_framed(value: bytes) -> bool:
    """Whether a value of a topic without a declared framing is likely to have one: its second byte
    is 0, too, as ids are small. JSON in UTF-16 begins with a single one."""
    return value.startswith(b"\0\0") and len(value) > _HEAD_BYTES


def is_marked_avro(value: bytes) -> bool:
    """Whether a value without a framing says of itself that it is Avro."""
    return value.startswith(_AVRO_MARKS)


def _is_value(content: bytes) -> bool:
    try:
        json.loads(content.decode())
    except (ValueError, RecursionError):
        return False
    return True
