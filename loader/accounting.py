"""Proves, before a load is committed, that raw holds all that its file says."""

from typing import BinaryIO

import duckdb

from loader.readers import ContentDigest, UnreadableFile, count_records, digest_of_content
from loader.readers.formats import FileFormat


def account(
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
    landed = ContentDigest(file_format)
    last = 0
    for rows in blocks:
        first, last = last + 1, last + rows
        _add_rows(landed, connection, table, [load_id, first, last], file_format)
    if landed.hexdigest() != digest_of_content(file, file_format):
        raise UnreadableFile("miscopied", "the rows read do not repeat what the file says")


def _add_rows(
    landed: ContentDigest,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    place: list[int],
    file_format: FileFormat,
) -> None:
    rows = f"from {table} where load_id = ? and row_number between ? and ? order by row_number"
    if file_format.kind != "csv":
        # as one text, unless some of it is encoded: a value for each row takes longer
        text, encoded = connection.execute(
            "select string_agg(record, ''), coalesce(bool_or(problem = 'invalid_utf8'), false) "
            f"from (select record, problem {rows})",
            place,
        ).fetchall()[0]
        if not encoded:
            landed.add(text.encode())
            return
    landed.add_records(connection.execute(f"select record, problem {rows}", place).fetchall())
