"""Finds the records that give a name twice in one object: which of the values is meant, nobody can
say, and each reader of JSON takes another."""

import duckdb

DOUBLED_NAME = "duplicate_name"

# The names of the record, and of each object in it. Equal names that are written differently, by
# an escape, are equal here.
_NAMES = "list_prepend(json_keys(record), json_keys(record, '$..*'))"
_IS_DOUBLED = "len(list_filter({names}, lambda names: list_unique(names) < len(names))) > 0"


def mark_doubled_names(
    connection: duckdb.DuckDBPyConnection, table: str, readable: str, place: list[int]
) -> bool:
    """Give the problem `duplicate_name` to records that have one; returns whether there are any.

    readable: a SQL condition with parameters: which records are looked at.
    place:    its parameters.
    """
    # most records have the names of others, so few lists of names are looked at closely
    doubled = connection.execute(
        f"""
        select 1
        from (
            select any_value(all_names) as all_names
            from (select {_NAMES} as all_names from {table} where {readable})
            group by all_names::varchar
        )
        where {_IS_DOUBLED.format(names="all_names")}
        limit 1
        """,
        place,
    ).fetchone()
    if doubled is None:
        return False
    connection.execute(
        f"update {table} set problem = '{DOUBLED_NAME}' "
        f"where {readable} and {_IS_DOUBLED.format(names=_NAMES)}",
        place,
    )
    return True
