"""`hub doctor`: examines the warehouse, or a lakehouse."""

from hub.queries.health import Finding, examine, examine_lakehouse
from hub.queries.target import Target, read_target
from hub.runs.data_tests import data_tests
from loader.config.project import Project


def doctor(project: Project, target: Target = "duckdb") -> list[Finding]:
    """What an examination of what was built on a target finds."""
    with read_target(project, target) as reading:
        if target == "spark":
            return examine_lakehouse(reading.connection, project)
        return [*examine(reading, project), data_tests(reading.connection, project)]
