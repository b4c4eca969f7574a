"""Fetches rows of the views in ops by the names of their columns."""

from collections.abc import Sequence
from typing import Any

import duckdb

Row = dict[str, Any]


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()
) -> list[Row]:
    """The rows of a query, each as column -> value."""
    answer = connection.execute(query, list(parameters))
    columns = [column[0] for column in answer.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
