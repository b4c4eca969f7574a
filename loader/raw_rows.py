"""Writes records into raw.<source>, verbatim, and keeps which fields they have."""

from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb

from loader.readers.batch import Batch
from loader.readers.depth import NESTED_TOO_DEEP, any_too_deep, depth_noted

# Up to so many fields, all are looked up at once in each record.
_MOST_POINTERS = 100
_BLOCKS_AT_ONCE = 8
_LAST_ROW = 2**63 - 1

# Structured text is checked here; a line that is no object could not be adapted either. What is
# no JSON at all is called so, however deep its brackets.
_INSERT = f"""
insert into raw.{{source}}
select
    ?,
    ? + number,
    record,
    case
        when problem <> '{NESTED_TOO_DEEP}' then problem
        when not json_valid(record) then 'malformed_json'
        when ltrim(record, ' \t\r\n') not like '{{{{%' then 'not_an_object'
        else problem
    end,
    position
from ({{records}})
"""
_RECORDS = """
    select
        unnest(records) as record,
        unnest(problems) as problem,
        unnest(positions) as position,
        generate_subscripts(records, 1) as number
    from (select ?::varchar[] as records, ?::varchar[] as problems, ?::varchar[] as positions)
"""
# One long text is handed over faster than a list of short ones.
_LINES = """
    select
        unnest(lines) as record,
        null as problem,
        null as position,
        generate_subscripts(lines, 1) as number
    from (select string_split(?, chr(10)) as lines)
"""


def insert_records(
    connection: duckdb.DuckDBPyConnection, source: str, load_id: int, last: int, batch: Batch
) -> None:
    """Insert a batch of a load's records.

    last: the number of the load's last row so far.
    """
    is_plain = batch.is_sound and not any_too_deep(batch.records)
    lines = "\n".join(batch.records) if is_plain else ""
    if is_plain and lines.count("\n") == len(batch.records) - 1:
        statement = _INSERT.format(source=source, records=_LINES)
        connection.execute(statement, [load_id, last, lines])
    else:
        insert_rows(
            connection, source, load_id, last, batch.records, batch.problems, batch.positions
        )


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    load_id: int,
    last: int,
    records: Sequence[str | None],
    problems: Sequence[str | None],
    positions: Sequence[str | None],
) -> None:
    """Insert records of a load, each with its problem and its position, after the row `last`."""
    connection.execute(
        _INSERT.format(source=source, records=_RECORDS),
        [load_id, last, records, depth_noted(records, problems), positions],
    )


def note_fields(
    connection: duckdb.DuckDBPyConnection, source: str, load_id: int, blocks: Sequence[int] = ()
) -> None:
    """Keep which fields the records of the load have, and of which types.

    blocks: how many rows were inserted at a time, in their order. DuckDB holds the text that it
            reads, so only some of them are read at once; without blocks, all rows are.
    """
    records: Counter[tuple[str, str]] = Counter()
    for span in _spans(blocks):
        records.update(_fields_of(connection, f"raw.{source}", [load_id, *span]))
    if not records:
        return
    connection.execute(
        "insert into raw.fields (load_id, source, field, type, records) "
        "select ?, ?, unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::bigint[])",
        [
            load_id,
            source,
            [field for field, _ in records],
            [kind for _, kind in records],
            list(records.values()),
        ],
    )


def _spans(blocks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last row of what is read at once."""
    if not blocks:
        yield 1, _LAST_ROW
    last = 0
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        first, last = last + 1, last + sum(blocks[start : start + _BLOCKS_AT_ONCE])
        yield first, last


def _fields_of(
    connection: duckdb.DuckDBPyConnection, table: str, span: list[int]
) -> dict[tuple[str, str], int]:
    """How many readable records of a load, from a row to another, have which field of which type.

    span: the load, the first row, the last row.
    """
    readable = "load_id = ? and row_number between ? and ? and problem is null"
    names = [
        name
        for (name,) in connection.execute(
            f"select distinct unnest(names) from (select json_keys(record) as names "
            f"from {table} where {readable} group by 1)",
            span,
        ).fetchall()
    ]
    if len(names) > _MOST_POINTERS:
        # each field of each record: ten times a few pointers, but never their square
        found = f"""
            select member.key as field, member.type as kind, count(*) as records
            from {table} as raw, lateral json_each(raw.record) as member
            where {readable}
            group by member.key, member.type
        """
        parameters: list[object] = [*span]
    else:
        # a path takes a name such as * for a wildcard, quoted or not
        pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
        found = f"""
            select unnest(?::varchar[]) as field, unnest(kinds) as kind, records
            from (
                select json_type(record, ?::varchar[]) as kinds, count(*) as records
                from {table}
                where {readable}
                group by 1
            )
        """
        parameters = [names, pointers, *span]
    rows = connection.execute(
        f"""
        select
            field,
            case
                when kind = 'VARCHAR' then 'string'
                when kind in ('BIGINT', 'UBIGINT', 'DOUBLE') then 'number'
                else lower(kind)
            end as type,
            sum(records)::bigint
        from ({found})
        where kind is not null
        group by all
        """,
        parameters,
    ).fetchall()
    return {(field, kind): records for field, kind, records in rows}
