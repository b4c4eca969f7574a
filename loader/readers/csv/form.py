"""How the rows of a CSV file are written: as JSON objects of header -> verbatim text."""

from __future__ import annotations

from json.encoder import encode_basestring

MALFORMED = "malformed_csv"
# What each record begins with, and no plain row.
RECORD_BEGINS = '{"'
# What JSON does not hold as it is.
_ESCAPED = bytes(range(0x20)) + b'"\\'
# SQL writes plain rows, and to plan that for more fields takes too long.
_MOST_FIELDS = 100


def column_names(header: list[str]) -> list[str]:
    """Unique names: a repeated one gets `_2`, `_3`, ...; an empty one is `column_<n>`, from 1.

    A name that stands in the header once is never given to another column.
    """
    taken = set(header)
    seen: set[str] = set()
    last_suffix: dict[str, int] = {}
    names = []
    for number, given in enumerate(header, start=1):
        name = base = given or f"column_{number}"
        repeated = name in seen if given else name in taken
        while repeated:
            last_suffix[base] = last_suffix.get(base, 1) + 1
            name = f"{base}_{last_suffix[base]}"
            repeated = name in taken
        seen.add(name)
        taken.add(name)
        names.append(name)
    return names


class CsvForm:
    """The form of all records of a file with this header.

    A plain row is one in which nothing is quoted or needs an escape as JSON: its record is its
    fields between `pieces`, of which there is one more than `width`, the number of fields.
    """

    def __init__(self, header: list[str], delimiter: str) -> None:
        names = [encode_basestring(name) for name in column_names(header)]
        self.delimiter = delimiter
        self.width = len(names)
        self.pieces = [f'{{{names[0]}:"', *(f'",{name}:"' for name in names[1:]), '"}']
        members = (name.replace("%", "%%") + ":%s" for name in names)
        self._template = "{" + ",".join(members) + "}"
        self._escaped = _ESCAPED.replace(delimiter.encode(), b"").replace(b"\n", b"")

    def record(self, fields: list[str]) -> str:
        """The record of `width` fields."""
        return self._template % tuple(map(encode_basestring, fields))

    def is_plain(self, text: str, apart_from: str) -> bool:
        """Whether all lines of a text are plain rows, but for those with the quote `apart_from`."""
        if self.width > _MOST_FIELDS or self.delimiter in RECORD_BEGINS:
            return False
        written = text.encode()
        escaped = self._escaped.replace(apart_from.encode(), b"")
        return len(written.translate(None, escaped)) == len(written)

    def size_of(self, text: str, lines: int) -> int:
        """How many characters the records of plain rows have, on so many lines, at most."""
        return len(text) + lines * len("".join(self.pieces))

    def read(self, line: str) -> tuple[str, str | None]:
        """The record of a line, which is one already or a plain row, and its problem."""
        if line.startswith(RECORD_BEGINS):
            return line, None
        fields = line.split(self.delimiter)
        return (self.record(fields), None) if len(fields) == self.width else (line, MALFORMED)
