"""Keeps which fields the records of a load have, and of which types. What is counted for it also
tells whether a record gives a name twice.

In bounded memory, and in time that grows with the bytes: a record may have 100,000 fields, and each
record other ones.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb

from loader.landing.doubled_names import mark_doubled_names

# Up to so many fields, all are looked up at once in each record: the time grows with their square.
_MOST_POINTERS = 100
_BLOCKS_AT_ONCE = 8
# Of so many records the names are taken, before it is seen whether others have more.
_SAMPLE_RECORDS = 1_000
_LAST_ROW = 2**63 - 1
# First and last row of a part of a load.
_Span = tuple[int, int]
# Fields by the million: what stands in a table need not stay in memory.
_MANY = "temp.main.many_fields"
_READABLE = "load_id = ? and row_number between ? and ? and problem is null"
_LISTED = "unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::bigint[])"
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
    fields = _Fields(connection, f"raw.{source}", load_id)
    if alike:
        fields.see_one_for_all()
    else:
        for spans in _spans(blocks):
            fields.see(spans)
    fields.keep(source)


def _spans(blocks: Sequence[int]) -> Iterator[list[_Span]]:
    """The blocks that are read at once."""
    if not blocks:
        yield [(1, _LAST_ROW)]
    last = 0
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        spans = []
        for rows in blocks[start : start + _BLOCKS_AT_ONCE]:
            spans.append((last + 1, last + rows))
            last += rows
        yield spans


class _Fields:
    """The fields that were seen in the records of a load so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, load_id: int) -> None:
        self._connection = connection
        self._table = table
        self._load_id = load_id
        self._records: Counter[tuple[str, str]] = Counter()
        self._has_many = False
        # those that the next records probably have
        self._names: list[str] = []

    def see_one_for_all(self) -> None:
        """See the fields of the first readable record, as those of all readable ones."""
        ((readable, first),) = self._connection.execute(
            f"select count(*), min(row_number) from {self._table} "
            "where load_id = ? and problem is null",
            [self._load_id],
        ).fetchall()
        if not readable:
            return
        names = self._names_of((first, first), 1)
        if len(names) > _MOST_POINTERS:
            self._see_each((first, first), readable)
        else:
            fields, *_ = self._named((first, first), names)
            self._records.update(dict.fromkeys(fields, readable))

    def see(self, spans: list[_Span]) -> None:
        """See the fields of the readable records of these blocks, each after the one before it.
        Those that give a name twice are marked, and not seen."""
        if self._see_named(spans):
            return
        self._names = []
        for span in spans:
            self._mark_doubled_names(span)
            self._see_each(span)

    def _see_named(self, spans: list[_Span]) -> bool:
        """See them, if few names suffice for that; returns whether they do."""
        names = self._names or self._names_of(spans[0], _SAMPLE_RECORDS)
        if not 0 < len(names) <= _MOST_POINTERS:
            return False
        whole = (spans[0][0], spans[-1][1])
        fields, members, records = self._named(whole, names)
        # a name that is not looked for, or given twice, is a member more
        if members > sum(fields.values()):
            if members > records * _MOST_POINTERS:
                return False
            names = self._names_of(whole, None)
            if len(names) > _MOST_POINTERS:
                return False
            fields, members, _ = self._named(whole, names)
        is_suspect = members > sum(fields.values()) or any(
            kind in ("object", "array") for _, kind in fields
        )
        if is_suspect and self._mark_doubled_names(whole):
            fields, *_ = self._named(whole, names)
        self._names = names
        self._records.update(fields)
        return True

    def _mark_doubled_names(self, span: _Span) -> bool:
        return mark_doubled_names(self._connection, self._table, _READABLE, [self._load_id, *span])

    def keep(self, source: str) -> None:
        """Write them to raw.fields."""
        columns = "insert into raw.fields (load_id, source, field, type, records) select ?, ?, "
        if not self._has_many:
            if self._records:
                self._connection.execute(
                    f"{columns} {_LISTED}", [self._load_id, source, *self._listed()]
                )
            return
        self._connection.execute(f"insert into {_MANY} select {_LISTED}", self._listed())
        self._connection.execute(
            f"{columns} field, type, sum(records)::bigint from {_MANY} group by all",
            [self._load_id, source],
        )
        self._connection.execute(f"drop table {_MANY}")

    def _listed(self) -> list[list[str] | list[int]]:
        return [
            [field for field, _ in self._records],
            [kind for _, kind in self._records],
            list(self._records.values()),
        ]

    def _names_of(self, span: _Span, most: int | None) -> list[str]:
        """The names of all fields of some records. most: of how many; None for all."""
        found = self._connection.execute(
            f"""
            select distinct unnest(names)
            from (
                select json_keys(record) as names
                from (select record from {self._table} where {_READABLE} limit ?)
                group by all
            )
            """,
            [self._load_id, *span, most],
        ).fetchall()
        return [name for (name,) in found]

    def _named(self, span: _Span, names: list[str]) -> tuple[dict[tuple[str, str], int], int, int]:
        """Of the fields of these names, how many records have them of which type; how many members
        the records have in all; and how many records there are."""
        # a path takes a name such as * for a wildcard, quoted or not
        pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
        # texts are grouped in half the time of lists
        found = self._connection.execute(
            f"""
            with seen as materialized (
                select any_value(kinds) as kinds, count(*) as records, sum(members) as members
                from (
                    select
                        json_type(record, ?::varchar[]) as kinds,
                        len(json_keys(record)) as members
                    from {self._table}
                    where {_READABLE}
                )
                group by kinds::varchar
            )
            select field, {_TYPE} as type, sum(records)::bigint as records
            from (select unnest(?::varchar[]) as field, unnest(kinds) as kind, records from seen)
            where kind is not null
            group by all
            union all
            select null, 'members', coalesce(sum(members), 0)::bigint from seen
            union all
            select null, 'records', coalesce(sum(records), 0)::bigint from seen
            """,
            [pointers, self._load_id, *span, names],
        ).fetchall()
        fields = {(field, kind): records for field, kind, records in found}
        return fields, fields.pop((None, "members")), fields.pop((None, "records"))

    def _see_each(self, span: _Span, times: int = 1) -> None:
        """See every member of each record, in time that grows with their number.

        times: how many records each of them stands for.
        """
        if not self._has_many:
            self._connection.execute(
                f"create or replace temp table {_MANY} "
                "(field varchar, type varchar, records bigint)"
            )
            self._has_many = True
        # with json_each, DuckDB would hold a copy of the record for each of its members
        self._connection.execute(
            f"""
            insert into {_MANY}
            select field, {_TYPE} as type, count(*) * ?
            from (
                select unnest(json_keys(record)) as field, unnest(json_type(record, '$.*')) as kind
                from {self._table}
                where {_READABLE}
            )
            group by all
            """,
            [times, self._load_id, *span],
        )
