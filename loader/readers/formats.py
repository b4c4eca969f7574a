"""What kind of file it is, told from its name or declared; the bytes are never guessed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from loader.readers.errors import UnreadableFile

Kind = Literal["json", "ndjson", "csv", "parquet"]
Compression = Literal["gz", "zst"]

_COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
_ENDINGS: dict[str, Kind] = {
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_LINE_ENDS = ("\n", "\r")


@dataclass(frozen=True)
class CsvDialect:
    """How a CSV file separates and quotes its fields, each by one character, and what else it has.

    `quote` None: no field is quoted. `escape` None: a quote inside quotes is doubled; a character
    given as `escape` stands, inside quotes only, before a quote or before itself.

    header:     the names of the fields, where the file has no line for them.
    skip_lines: how many lines at its start are no data.
    comment:    what lines begin with, outside quotes, that are no data.
    """

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    header: tuple[str, ...] | None = None
    skip_lines: int = 0
    comment: str | None = None

    def __post_init__(self) -> None:
        given = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        for name, value in given.items():
            if value is not None and (len(value) != 1 or value in _LINE_ENDS):
                raise UnreadableFile(
                    "bad_dialect", f"CSV {name} must be one character, not a line end: {value!r}"
                )
        if self.delimiter in (self.quote, self.escape):
            raise UnreadableFile(
                "bad_dialect",
                f"CSV delimiter {self.delimiter!r} must differ from quote and escape",
            )
        names = self.header
        if names is not None and (not names or "" in names or len(set(names)) < len(names)):
            raise UnreadableFile(
                "bad_dialect", f"CSV header must be names, each given once: {list(names)}"
            )
        if self.skip_lines < 0:
            raise UnreadableFile(
                "bad_dialect", f"CSV skip_lines must be 0 or more: {self.skip_lines}"
            )
        if self.comment and self.comment.startswith(
            (*_LINE_ENDS, self.delimiter, self.quote or "\n")
        ):
            raise UnreadableFile(
                "bad_dialect",
                f"CSV comment {self.comment!r} must not begin with delimiter, quote or line end",
            )

    def is_comment(self, line: str) -> bool:
        """Whether a line outside quotes is a comment."""
        return self.comment is not None and line.startswith(self.comment)


@dataclass(frozen=True)
class FileFormat:
    """How to read one file. `encoding` None: UTF-8 with or without BOM, UTF-16 or UTF-32 by BOM."""

    kind: Kind
    compression: Compression | None = None
    encoding: str | None = None
    dialect: CsvDialect = field(default_factory=CsvDialect)


def format_of(
    file_name: str,
    *,
    kind: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header: Sequence[str] | None = None,
    skip_lines: int = 0,
    comment: str | None = None,
) -> FileFormat:
    """The format of a file by its name; what is declared goes before what the name says.

    `quote=''`, `escape=''` and `comment=''` declare that there is none. Raises UnreadableFile:
    'unknown_format' for a name or a declared kind that is not known, 'bad_dialect' for impossible
    CSV settings.
    """
    name = file_name.lower()
    compression: Compression | None = None
    for suffix, known in _COMPRESSIONS.items():
        if name.endswith(suffix):
            name, compression = name.removesuffix(suffix), known
            break
    ending = next((suffix for suffix in _ENDINGS if name.endswith(suffix)), None)
    if kind is None and ending is None:
        raise UnreadableFile(
            "unknown_format",
            f"unknown format of {file_name!r}: known endings are {', '.join(_ENDINGS)},"
            f" each also with {' or '.join(_COMPRESSIONS)}; or declare the format of the source",
        )
    declared = f".{kind.lower()}" if kind is not None else ending or ""
    if declared not in _ENDINGS:
        raise UnreadableFile(
            "unknown_format",
            f"unknown format {kind!r} declared: known are"
            f" {', '.join(suffix[1:] for suffix in _ENDINGS)}",
        )
    tabs = declared == ".tsv" or (ending == ".tsv" and _ENDINGS[declared] == "csv")
    return FileFormat(
        kind=_ENDINGS[declared],
        compression=compression,
        encoding=encoding,
        dialect=CsvDialect(
            delimiter=delimiter if delimiter is not None else "\t" if tabs else ",",
            quote='"' if quote is None else quote or None,
            escape=escape or None,
            header=None if header is None else tuple(header),
            skip_lines=skip_lines,
            comment=comment or None,
        ),
    )
