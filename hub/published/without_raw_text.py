"""A published snapshot for queries of others, without the raw text of sensitive records."""

import contextlib
import secrets
from collections.abc import Collection
from pathlib import Path

import duckdb

from hub.published.locked_down import connect_beside, lock_down

_WITHHELD = "'[withheld: its entity has sensitive columns]'"
# what makes digests the warehouse's own
_SECRET = {("raw", "salt")}
# views in these are made from raw text
_MADE_FROM_RAW_TEXT = ("staging", "intermediate")


def connect_without_raw_text(
    path: Path, open_sources: Collection[str], **config: str
) -> duckdb.DuckDBPyConnection:
    """A snapshot under the names of its tables, for one query of somebody else.

    What may be asked are views, in a database in memory, over a snapshot whose own name is drawn by
    chance. A query could find out that name, but not use it: names are looked up before anything
    is read. So a connection takes one query only.

    open_sources: the sources whose raw text may be seen.   config: further settings of DuckDB's.
    """
    snapshot = f"snapshot_{secrets.token_hex(16)}"
    connection = connect_beside(**config)
    literal = str(path).replace("'", "''")
    connection.execute(f"attach '{literal}' as {snapshot} (read_only)")
    columns = connection.execute(
        "select schema_name, table_name, list(column_name order by column_index), "
        "list(data_type order by column_index), table_name in ("
        "select view_name from duckdb_views() as views "
        "where views.database_name = $1 and views.schema_name = columns.schema_name) "
        "from duckdb_columns() as columns where database_name = $1 and not internal group by all",
        [snapshot],
    ).fetchall()
    for schema, name, names, types, is_view in columns:
        if (schema, name) in _SECRET or (is_view and schema in _MADE_FROM_RAW_TEXT):
            continue
        connection.execute(f'create schema if not exists "{schema}"')
        shown = _shown(schema, name, dict(zip(names, types, strict=True)), open_sources)
        # a view that cannot be read is none
        with contextlib.suppress(duckdb.Error):
            connection.execute(
                f'create view "{schema}"."{name}" as '
                f'select {shown} from {snapshot}."{schema}"."{name}"'
            )
    lock_down(connection)
    return connection


def _shown(schema: str, name: str, types: dict[str, str], open_sources: Collection[str]) -> str:
    """What to select of a table or view: all, but for what stands for raw text."""
    if schema not in ("raw", "ops"):
        return "*"
    listed = ", ".join(f"'{source}'" for source in open_sources) or "null"
    if schema == "raw":
        is_closed = "false" if name in open_sources else "true"
    else:
        is_closed = f"coalesce(source not in ({listed}), true)" if "source" in types else "true"
    instead = {
        "record": f"case when {is_closed} then {_WITHHELD} else record end",
        "position": f"case when not {is_closed} then position end",
        # a message of the engine may quote a value
        "errors": f"cast(null as {types.get('errors')})",
    }
    replaced = [f"{value} as {column}" for column, value in instead.items() if column in types]
    return f"* replace ({', '.join(replaced)})" if replaced else "*"
