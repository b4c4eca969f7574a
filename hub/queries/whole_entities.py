"""Answers questions to the shared views for the entities that are whole, where another is broken.

A view over all entities fails as soon as one of their tables is missing or lacks a column.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import duckdb

from loader.config.project import SCHEMAS, Project
from loader.errors import HubError
from loader.warehouse.shared_views import create_views

Answer = TypeVar("Answer")

# the database in memory that holds the views of the whole entities
_ASIDE = "views_of_whole_entities"
_BROKEN = (duckdb.BinderException, duckdb.CatalogException)


def ask(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    question: Callable[[duckdb.DuckDBPyConnection], Answer],
) -> tuple[Answer, dict[str, str]]:
    """The answer to a question, and what is wrong with the entities that it leaves out.

    question: asks the views in ops, on the connection that it is given.
    """
    try:
        return question(connection), {}
    except _BROKEN:
        with _views_of_whole_entities(connection, project) as (reader, broken):
            return question(reader), broken


@contextmanager
def _views_of_whole_entities(
    connection: duckdb.DuckDBPyConnection, project: Project
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """A connection whose views in ops leave the broken entities out, and what is wrong with each.

    The warehouse stays as it is: the views are in memory, and found before those of their names.
    """
    reader = connection.cursor()
    ((name,),) = reader.execute("select current_database()").fetchall()
    warehouse = '"' + name.replace('"', '""') + '"'
    reader.execute(f"attach ':memory:' as {_ASIDE} (read_write)")
    try:
        reader.execute(f"create schema {_ASIDE}.ops")
        broken = {}
        for entity in project.entities:
            if error := _error_of(reader, warehouse, project, (entity,)):
                broken[entity] = error
        whole = tuple(entity for entity in project.entities if entity not in broken)
        if not whole:
            raise HubError(
                f"database {project.database}",
                f"no entity can be read ({next(iter(broken.values()), 'none is registered')})",
                "`hub run` makes what is missing; or restore the warehouse from a copy.",
            )
        _create(reader, warehouse, project, whole)
        yield reader, broken
    finally:
        reader.execute(f"use {warehouse}")
        reader.execute(f"detach {_ASIDE}")
        reader.close()


def _error_of(
    reader: duckdb.DuckDBPyConnection, warehouse: str, project: Project, entities: tuple[str, ...]
) -> str | None:
    """Why the views cannot be made over some entities; None if they can."""
    try:
        _create(reader, warehouse, project, entities)
    except _BROKEN as error:
        return str(error).splitlines()[0]
    return None


def _create(
    reader: duckdb.DuckDBPyConnection, warehouse: str, project: Project, entities: tuple[str, ...]
) -> None:
    reader.execute(f"drop schema {_ASIDE}.ops cascade; create schema {_ASIDE}.ops")
    schemas = [f"{_ASIDE}.ops", *(f"{warehouse}.{name}" for name in SCHEMAS)]
    path = ",".join(schemas).replace("'", "''")
    reader.execute(f"set search_path = '{path}'")
    create_views(reader, project, f"{_ASIDE}.ops", entities)
