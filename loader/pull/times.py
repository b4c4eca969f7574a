"""Reads times as the warehouse does, by the macro that the contracts use."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

import duckdb

from loader.config.macros import Macros
from loader.config.project import Project


class WarehouseTimes:
    """Texts to moments, by the project's macro parse_timestamp.

    So a pull asks for what follows the times that the targets have. It uses an engine in memory,
    as the warehouse is not open while an API is asked.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def read(self, texts: Sequence[str], timezone: str) -> list[datetime | None]:
        """The moment of each text, in UTC and without a zone; None where it is no time.

        timezone: of times without an offset.
        """
        if not texts:
            return []
        rows = self._connection.execute(self._query, [list(texts), timezone]).fetchall()
        return [moment for (moment,) in rows]

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(":memory:", config={"threads": 1})

    @cached_property
    def _query(self) -> str:
        macros = Macros(self._project.root, self._project.vars)
        moment = macros.call("parse_timestamp", "written.value", "written.zone")
        return (
            f"select cast({moment} as timestamp) from (select unnest(texts) as value, "
            "unnest(range(len(texts))) as place, zone "
            "from (select ?::varchar[] as texts, ? as zone)) as written order by written.place"
        )
