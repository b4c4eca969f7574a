"""Proves, before a load is committed, that raw holds all that its file says."""

from base64 import b64decode
from collections.abc import Iterator
from typing import BinaryIO

import duckdb

from loader.readers import UnreadableFile
from loader.readers.formats import FileFormat, Kind
from loader.verification.content import repeats_content
from loader.verification.count import count_records

# What a row says of its file: in CSV the values of its members are the fields.
_CONTENT: dict[Kind, str] = {
    "csv": """
        case
            when problem is null then concat_ws('', json_extract_string(record, '$.*'))
            else record
        end
    """,
}


def verify_load(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    load_id: int,
    blocks: list[int],
    file: BinaryIO,
    file_format: FileFormat,
) -> None:
    """Compare the landed rows with an independent reading of the file: their number and, save for
    Parquet, of which DuckDB itself writes the text, every byte of them.

    blocks: how many rows were landed at a time, in their order; no more are compared at a time.

    Raises UnreadableFile 'miscounted' or 'miscopied' where they differ.
    """
    counted = count_records(file, file_format)
    held = connection.execute(
        f"select count(*) from {table} where load_id = ?", [load_id]
    ).fetchall()[0][0]
    if not counted == held == sum(blocks):
        raise UnreadableFile("miscounted", f"{counted} records were counted but {held} rows read")
    if file_format.kind == "parquet":
        return
    landed = _landed(connection, table, load_id, blocks, _CONTENT.get(file_format.kind, "record"))
    if not repeats_content(landed, file, file_format):
        raise UnreadableFile("miscopied", "the rows read do not repeat what the file says")


def _landed(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    load_id: int,
    blocks: list[int],
    content: str,
) -> Iterator[bytes]:
    """What the rows of a load say, each on a line of its own, in their order."""
    last = 0
    for rows in blocks:
        first, last = last + 1, last + rows
        place = [load_id, first, last]
        found = f"""
            select {content} as content, problem = 'invalid_utf8' as is_encoded
            from {table}
            where load_id = ? and row_number between ? and ?
            order by row_number
        """
        # as one text, unless some of it is encoded: a value for each row takes longer
        text, has_encoded = connection.execute(
            "select encode(string_agg(content, chr(10))), coalesce(bool_or(is_encoded), false) "
            f"from ({found})",
            place,
        ).fetchall()[0]
        if not has_encoded:
            yield text
            yield b"\n"
            continue
        for line, is_encoded in connection.execute(found, place).fetchall():
            yield b64decode(line) if is_encoded else line.encode()
            yield b"\n"
