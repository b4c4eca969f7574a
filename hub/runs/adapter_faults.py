"""Finds the adapter, file and row at which a build failed: SQL names none of them."""

import logging
import re
from dataclasses import dataclass

import duckdb

from loader.config.project import Project
from loader.config.sources import Source

log = logging.getLogger(__name__)

# steps of the engine in which no row has to do with another
_STEPS_OF_ONE_ROW = {"PROJECTION", "FILTER", "SEQ_SCAN", "EMPTY_RESULT"}
_STEP = re.compile(r'"name":\s*"(\w+)')
_REMEDY = (
    "Read it with a macro for adapters, which rejects the record instead (docs/extending.md: "
    "Read dates and numbers)"
)


@dataclass(frozen=True)
class _Rows:
    """The rows first..last of a load."""

    load_id: int
    first: int
    last: int

    @property
    def halves(self) -> "tuple[_Rows, _Rows]":
        middle = (self.first + self.last) // 2
        return (
            _Rows(self.load_id, self.first, middle),
            _Rows(self.load_id, middle + 1, self.last),
        )


def with_adapter_faults(
    connection: duckdb.DuckDBPyConnection, project: Project, errors: list[str]
) -> list[str]:
    """The errors of a build, where records were to be checked each with the adapters that fail by
    themselves, and the file and row at which they do."""
    return [_with_faults(connection, project, error) for error in errors]


def _with_faults(connection: duckdb.DuckDBPyConnection, project: Project, error: str) -> str:
    node = error.partition(":")[0]
    # the first that reads the adapters; what reads its table would fail for other reasons
    entity = node.removeprefix("int_").removesuffix("__checked")
    if node != f"int_{entity}__checked":
        return error
    faults = [
        fault
        for source in project.sources.values()
        if source.entity == entity and (fault := _fault_of(connection, project, source))
    ]
    return "\n".join([error, *faults])


def _fault_of(
    connection: duckdb.DuckDBPyConnection, project: Project, source: Source
) -> str | None:
    adapter = source.adapter.relative_to(project.root)
    try:
        loads = connection.execute(
            # what is new is the likeliest to be at fault, and a rebuild reads all
            "select load_id, file, rows from raw.loads where source = ? and rows > 0 "
            "order by load_id in (select load_id from ops.completed_loads), load_id",
            [source.name],
        ).fetchall()
        for load_id, file, rows in loads:
            place = _Rows(load_id, 1, rows)
            if message := _failure(connection, source, place):
                row, message = _row_of(connection, source, place, message)
                where = f"{file}:{row}" if row else file
                return (
                    f"the adapter of source '{source.name}', {adapter}, fails at {where}: "
                    f"{message}. {_REMEDY}."
                )
    except duckdb.Error as error:
        log.debug("adapter of %s: %s", source.name, error)
    return None


def _row_of(
    connection: duckdb.DuckDBPyConnection, source: Source, place: _Rows, message: str
) -> tuple[int | None, str]:
    """The first row of the place at which the adapter fails, with the message of that. No row where
    it reads others with it, or no part of them fails by itself."""
    ((_, plan),) = connection.execute(
        f"explain (format json) select * from {_view(source)}"
    ).fetchall()
    if set(_STEP.findall(plan)) - _STEPS_OF_ONE_ROW:
        return None, message
    while place.first < place.last:
        for half in place.halves:
            if found := _failure(connection, source, half):
                place, message = half, found
                break
        else:
            return None, message
    return place.first, message


def _failure(connection: duckdb.DuckDBPyConnection, source: Source, place: _Rows) -> str | None:
    """How the adapter fails at these rows, in a line; None where it does not."""
    try:
        connection.execute(
            # the digest of a row needs each of its columns
            f"select max(hash(adapted)) from (select * from {_view(source)} "
            "where load_id = ? and row_number between ? and ?) as adapted",
            [place.load_id, place.first, place.last],
        ).fetchall()
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        return str(error).partition("\n")[0].rstrip(".")
    return None


def _view(source: Source) -> str:
    return f"staging.stg_{source.name}__{source.entity}"
