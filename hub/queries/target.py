"""Opens what a question is asked of: the warehouse, or the lakehouse that Spark builds in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from hub.extras import require_extra
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.latest import Reading, read_latest

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
    require_extra("spark")
    # imported here because few need it
    from loader.delta.place import place_of
    from loader.delta.reading import read_lakehouse

    address = os.environ.get("SPARK_WAREHOUSE")
    if not address:
        raise WrongUse(
            "--target spark",
            "SPARK_WAREHOUSE does not say where the lakehouse is",
            "Set it to the folder, or the s3://bucket/prefix, that dbt builds in.",
        )
    with read_lakehouse(project, place_of(address)) as connection:
        yield Reading(connection)
