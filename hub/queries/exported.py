"""How a table is written to a file for others: as Parquet, CSV or NDJSON."""

from enum import StrEnum

# the type of a column, to what JSON and CSV have instead of it: JSON has no times, and its readers
# take decimals for doubles
_AS_TEXT = {
    "TIMESTAMP": "replace(cast({0} as varchar), ' ', 'T') || 'Z'",
    "TIMESTAMP WITH TIME ZONE": (
        "replace(cast({0} at time zone 'UTC' as varchar), ' ', 'T') || 'Z'"
    ),
    "DATE": "cast({0} as varchar)",
    "HUGEINT": "cast({0} as varchar)",
}


class Format(StrEnum):
    """The format of an export, which is the ending of its file, too."""

    PARQUET = "parquet"
    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        return {
            Format.PARQUET: "application/vnd.apache.parquet",
            Format.CSV: "text/csv; charset=utf-8",
            Format.NDJSON: "application/x-ndjson",
        }[self]

    @property
    def options(self) -> str:
        """As DuckDB's COPY wants it."""
        return {
            # small groups: each is in memory until it is whole
            Format.PARQUET: "format parquet, compression zstd, row_group_size 61440",
            Format.CSV: "format csv, header true",
            Format.NDJSON: "format json",
        }[self]


def quoted(column: str) -> str:
    """The name of a column as SQL has it."""
    return f'"{column.replace(chr(34), 2 * chr(34))}"'


def as_text(column: str, column_type: str) -> str:
    """The SQL for a column's value as JSON and CSV have it, under its name."""
    how = "cast({0} as varchar)" if column_type.startswith("DECIMAL") else "{0}"
    name = quoted(column)
    value = _AS_TEXT.get(column_type, how).format(name)
    return name if value == name else f"{value} as {name}"
