"""The key that is forgotten: how it is found in text, and what is kept of it, a salted digest."""

import hashlib
import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field

import duckdb

# Before and behind a key that stands as a word of its own: no letter, digit, underscore, hyphen,
# and no point between digits. The letter of an escape in JSON, as in \n, is no part of the word
# behind it. Read alike by DuckDB (RE2) and Python.
_BEFORE = r"(?:^|[^\w.-]|(?:^|[^0-9])\.|\\[bfnrt]|\\u[0-9a-fA-F]{4})"
_BEHIND = r"(?:$|[^\w.-]|\.(?:$|[^0-9]))"
# In shorter ones, bytes that are no text would be found by chance.
_LEAST_BYTES = 6


@dataclass(frozen=True)
class Key:
    """A key to forget.

    text:    as the decisions have it.
    spelled: the ways in which a file may write it: as it is, or escaped as in JSON.
    pattern: a regular expression that finds it as a word of its own.
    """

    text: str
    spelled: tuple[str, ...] = field(init=False)
    pattern: str = field(init=False)

    def __post_init__(self) -> None:
        ways = {
            self.text: None,
            json.dumps(self.text, ensure_ascii=False)[1:-1]: None,
            json.dumps(self.text)[1:-1]: None,
        }
        object.__setattr__(self, "spelled", tuple(ways))
        words = "|".join(map(re.escape, ways))
        object.__setattr__(self, "pattern", f"{_BEFORE}(?:{words}){_BEHIND}")

    def is_in(self, text: str) -> bool:
        """Whether a text names the key."""
        return any(way in text for way in self.spelled) and bool(
            re.search(self.pattern, text, re.ASCII)
        )

    def is_in_base64(self, text: str) -> bool:
        """Whether the bytes that a text stands for name the key, as far as they can be read."""
        try:
            return self.is_in(b64decode(text).decode("utf-8", "replace"))
        except NotBase64:
            return False

    @property
    def can_be_told_in_bytes(self) -> bool:
        """Whether bytes that are no text will not look like it by chance."""
        return len(self.text.encode()) >= _LEAST_BYTES


def salted_digest(connection: duckdb.DuckDBPyConnection, key: Key) -> str:
    """What is kept of a key, as macros/dialect/keyed_digest.sql makes it."""
    ((salt,),) = connection.execute("select salt from raw.salt").fetchall()
    return hashlib.sha256(f"{salt}{key.text}".encode()).hexdigest()
