"""Writes records into raw.<source>, verbatim, and keeps which fields they have."""

from collections.abc import Sequence

import duckdb

from loader.readers.batch import Batch

# Up to so many fields, all are looked up at once in each record.
_MOST_POINTERS = 100

# Structured text is checked here; a line that is no object could not be adapted either.
_INSERT = """
insert into raw.{source}
select
    ?,
    ? + number,
    record,
    case
        when problem is not null then problem
        when not json_valid(record) then 'malformed_json'
        when ltrim(record, ' \t\r\n') not like '{{%' then 'not_an_object'
    end,
    position
from ({records})
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
    lines = "\n".join(batch.records) if batch.is_sound else ""
    if batch.is_sound and lines.count("\n") == len(batch.records) - 1:
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
        [load_id, last, records, problems, positions],
    )


def note_fields(connection: duckdb.DuckDBPyConnection, source: str, load_id: int) -> None:
    """Keep which fields the records of the load have, and of which types."""
    table = f"raw.{source}"
    readable = "load_id = ? and problem is null"
    names = [
        name
        for (name,) in connection.execute(
            f"select distinct unnest(names) from (select json_keys(record) as names "
            f"from {table} where {readable} group by 1)",
            [load_id],
        ).fetchall()
    ]
    if not names:
        return
    if len(names) > _MOST_POINTERS:
        # each field of each record: ten times a few pointers, but never their square
        found = f"""
            select member.key as field, member.type as kind, count(*) as records
            from {table} as raw, lateral json_each(raw.record) as member
            where {readable}
            group by member.key, member.type
        """
        parameters: list[object] = [load_id]
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
        parameters = [names, pointers, load_id]
    connection.execute(
        f"""
        insert into raw.fields (load_id, source, field, type, records)
        select ?, ?, field, type, sum(records)
        from (
            select
                field,
                records,
                case
                    when kind = 'VARCHAR' then 'string'
                    when kind in ('BIGINT', 'UBIGINT', 'DOUBLE') then 'number'
                    else lower(kind)
                end as type
            from ({found})
        )
        where type is not null
        group by field, type
        """,
        [load_id, source, *parameters],
    )
