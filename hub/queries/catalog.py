"""The tables and views of the warehouse, and what their columns hold."""

import duckdb

from hub.queries.rows import Row, rows

_KINDS = (
    ("table", "select schema_name, table_name as name, comment from duckdb_tables()"),
    ("view", "select schema_name, view_name as name, comment from duckdb_views()"),
)
_ALL = " union all ".join(
    f"select '{kind}' as kind, * from ({query} where not internal)" for kind, query in _KINDS
)


def list_tables(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """All tables and views: their name with the schema, kind, and what they hold."""
    return rows(
        connection,
        f"select schema_name || '.' || name as name, kind, comment as holds from ({_ALL}) "
        "order by name",
    )


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    """The columns of a table or view, in their order: name, type, and what they hold; none where
    there is no such table. table: its name with the schema."""
    return rows(
        connection,
        "select column_name as name, data_type as type, comment as holds from duckdb_columns() "
        "where not internal and schema_name || '.' || table_name = ? order by column_index",
        [table],
    )
