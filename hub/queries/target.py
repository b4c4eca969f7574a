"""Opens what a question is asked of: the warehouse, or the lakehouse that Spark builds in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import duckdb

from hub.extras import require_extra
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.connection import read_warehouse
from loader.warehouse.latest import Reading, read_latest

if TYPE_CHECKING:
    from loader.delta.place import Place

# as dbt calls them
Target = Literal["duckdb", "spark"]


@contextmanager
def read_target(project: Project, target: Target) -> Iterator[Reading]:
    """What was built on a target, to be read.

    Raises HubError as read_latest or read_lakehouse, and WrongUse where nobody says where the
    lakehouse is.
    """
    if target == "duckdb":
        with read_latest(project) as reading:
            yield reading
        return
    place = lakehouse_of_target()
    # imported here because few need it
    from loader.delta.reading import read_lakehouse

    with read_lakehouse(project, place) as lakehouse:
        yield Reading(lakehouse.connection)


@contextmanager
def read_target_itself(project: Project, target: Target) -> Iterator[duckdb.DuckDBPyConnection]:
    """As read_target, but of a warehouse never a snapshot: for what is about to change it.

    Raises HubError as read_warehouse.
    """
    if target == "duckdb":
        with read_warehouse(project) as connection:
            yield connection
        return
    with read_target(project, target) as reading:
        yield reading.connection


def lakehouse_of_target() -> "Place":
    """Where the lakehouse is that Spark builds in.

    Raises WrongUse where nobody says so, or it is no place, HubError where the extra is missing.
    """
    require_extra("spark")
    # imported here because few need it
    from loader.delta.place import place_of

    address = os.environ.get("SPARK_WAREHOUSE")
    if not address:
        raise WrongUse(
            "--target spark",
            "SPARK_WAREHOUSE does not say where the lakehouse is",
            "Set it to the folder, or the s3://bucket/prefix, that dbt builds in.",
        )
    return place_of(address)
