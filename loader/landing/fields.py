"""Keeps which fields the records of a load have, and of which types. What is counted for it also
tells whether a record gives a name twice."""

from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb

from loader.landing.doubled_names import mark_doubled_names

# Up to so many fields, all are looked up at once in each record.
_MOST_POINTERS = 100
_BLOCKS_AT_ONCE = 8
# Of so many records the names are taken, before it is seen whether others have more.
_SAMPLE_RECORDS = 1_000
_LAST_ROW = 2**63 - 1
_READABLE = "load_id = ? and row_number between ? and ? and problem is null"
_TYPE = """
    case
        when kind = 'VARCHAR' then 'string'
        when kind in ('BIGINT', 'UBIGINT', 'DOUBLE') then 'number'
        else lower(kind)
    end
"""


def note_fields(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    load_id: int,
    blocks: Sequence[int] = (),
    *,
    alike: bool = False,
) -> None:
    """Keep which fields the records of the load have, and of which types.

    blocks: how many rows were inserted at a time, in their order. DuckDB holds the text that it
            reads, so only some of them are read at once; without blocks, all rows are.
    alike:  all records that could be read have the same fields of the same types.
    """
    table = f"raw.{source}"
    records: Counter[tuple[str, str]] = Counter()
    if alike:
        ((readable, first),) = connection.execute(
            f"select count(*), min(row_number) from {table} where load_id = ? and problem is null",
            [load_id],
        ).fetchall()
        fields, _, _ = _fields_of(connection, table, [load_id, first, first], [])
        records.update(dict.fromkeys(fields, readable))
    else:
        names: list[str] = []
        for span in _spans(blocks):
            place = [load_id, *span]
            fields, names, is_suspect = _fields_of(connection, table, place, names)
            if is_suspect and mark_doubled_names(connection, table, _READABLE, place):
                fields, names, _ = _fields_of(connection, table, place, names)
            records.update(fields)
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
    connection: duckdb.DuckDBPyConnection, table: str, span: list[int], names: list[str]
) -> tuple[dict[tuple[str, str], int], list[str], bool]:
    """How many readable records of a load, from a row to another, have which field of which type;
    the names of the fields; and whether a record may give a name twice.

    span:  the load, the first row, the last row.
    names: those that the fields probably have.
    """
    names = names or _names_of(connection, table, [*span, _SAMPLE_RECORDS])
    if 0 < len(names) <= _MOST_POINTERS:
        fields, members = _fields_named(connection, table, span, names)
        # a name that is not looked for, or given twice, is a member more
        if members == sum(fields.values()):
            return fields, names, _has_nested(fields)
    names = _names_of(connection, table, [*span, None])
    if len(names) > _MOST_POINTERS:
        return _fields_of_each(connection, table, span), [], True
    fields, members = _fields_named(connection, table, span, names)
    return fields, names, members > sum(fields.values()) or _has_nested(fields)


def _has_nested(fields: dict[tuple[str, str], int]) -> bool:
    return any(kind in ("object", "array") for _, kind in fields)


def _names_of(
    connection: duckdb.DuckDBPyConnection, table: str, place: list[int | None]
) -> list[str]:
    """The names of all fields of some records.

    place: the load, the first row, the last row, and how many records at most; None for all.
    """
    found = connection.execute(
        f"""
        select distinct unnest(names)
        from (
            select json_keys(record) as names
            from (select record from {table} where {_READABLE} limit ?)
            group by all
        )
        """,
        place,
    ).fetchall()
    return [name for (name,) in found]


def _fields_named(
    connection: duckdb.DuckDBPyConnection, table: str, span: list[int], names: list[str]
) -> tuple[dict[tuple[str, str], int], int]:
    """Of the fields of these names, how many records have them of which type; and how many members
    the records have in all."""
    # a path takes a name such as * for a wildcard, quoted or not
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    # texts are grouped in half the time of lists
    found = connection.execute(
        f"""
        with seen as materialized (
            select any_value(kinds) as kinds, count(*) as records, sum(members) as members
            from (
                select json_type(record, ?::varchar[]) as kinds, len(json_keys(record)) as members
                from {table}
                where {_READABLE}
            )
            group by kinds::varchar
        )
        select field, {_TYPE} as type, sum(records)::bigint as records
        from (select unnest(?::varchar[]) as field, unnest(kinds) as kind, records from seen)
        where kind is not null
        group by all
        union all
        select null, null, coalesce(sum(members), 0)::bigint from seen
        """,
        [pointers, *span, names],
    ).fetchall()
    fields = {(field, kind): records for field, kind, records in found}
    members = fields.pop((None, None))
    return fields, members


def _fields_of_each(
    connection: duckdb.DuckDBPyConnection, table: str, span: list[int]
) -> dict[tuple[str, str], int]:
    """The same for all fields, each of each record: ten times the time of a few pointers, but
    never that of their square."""
    found = connection.execute(
        f"""
        select field, {_TYPE} as type, sum(records)::bigint
        from (
            select member.key as field, member.type as kind, count(*) as records
            from {table} as raw, lateral json_each(raw.record) as member
            where {_READABLE}
            group by member.key, member.type
        )
        group by all
        """,
        span,
    ).fetchall()
    return {(field, kind): records for field, kind, records in found}
