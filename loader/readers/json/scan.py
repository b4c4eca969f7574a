"""Where a JSON value ends, told from its structure alone, so that a bad value can be isolated."""

from __future__ import annotations

import re

from loader.readers.errors import UnreadableFile

# A whole string without escapes is one mark: the common case is left to the regex engine.
_NESTED = re.compile(r'"[^"\\]*"|["\[\]{}]').search
_TOP = re.compile(r'"[^"\\]*"|["\[\]{},]').search
_CLOSER = {"[": ord("]"), "{": ord("}")}


class StructureScanner:
    """Follows brackets and strings of one value through any number of chunks.

    Only strings, brackets and, outside all brackets, commas mean something; `{bad}` and `nul` are
    values like any other.
    """

    def __init__(self, number: int, *, until_closed: bool = False) -> None:
        """`number` of the record, for errors. `until_closed`: the value begins with a bracket and
        ends with its counterpart; otherwise it ends before a comma or a closing `]`."""
        self._number = number
        self._until_closed = until_closed
        self._closers = bytearray()
        self._in_string = False
        self._escaped = False

    def find_end(self, text: str, pos: int) -> int:
        """The index in `text` after the value's last character, -1 where it goes on; then to be
        called again with the text that follows. Raises UnreadableFile 'broken_json'."""
        while True:
            if self._in_string:
                pos = self._string_end(text, pos)
                if pos < 0:
                    return -1
            match = (_NESTED if self._closers else _TOP)(text, pos)
            if match is None:
                return -1
            mark, pos = match[0], match.end()
            if mark == '"':
                self._in_string = True
            elif mark in _CLOSER:
                self._closers.append(_CLOSER[mark])
            elif mark == "," or (mark == "]" and not self._closers):
                return match.start()
            elif mark in ("]", "}"):
                self._close(mark)
                if self._until_closed and not self._closers:
                    return pos

    def _close(self, mark: str) -> None:
        if not self._closers or self._closers.pop() != ord(mark):
            raise UnreadableFile(
                "broken_json",
                f"record {self._number}: a {mark!r} closes what was not opened, so it cannot be"
                " told where this record and the following ones end",
            )

    def _string_end(self, text: str, pos: int) -> int:
        """The index after the closing quote, -1 where the string goes on."""
        if self._escaped:
            pos, self._escaped = pos + 1, False
        while (quote := text.find('"', pos)) >= 0:
            if not _odd_backslashes(text, pos, quote):
                self._in_string = False
                return quote + 1
            pos = quote + 1
        self._escaped = _odd_backslashes(text, pos, len(text))
        return -1


def _odd_backslashes(text: str, start: int, end: int) -> bool:
    """Whether an odd number of backslashes stands in text[start:end] right before `end`."""
    before = end
    while before > start and text[before - 1] == "\\":
        before -= 1
    return (end - before) % 2 == 1
