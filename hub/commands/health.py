"""`hub doctor`: examines the warehouse."""

from hub.queries.health import Finding, examine
from hub.runs.data_tests import data_tests
from loader.config.project import Project
from loader.warehouse.latest import read_latest


def doctor(project: Project) -> list[Finding]:
    """What an examination of the warehouse finds."""
    with read_latest(project) as reading:
        return [*examine(reading, project), data_tests(reading.connection, project)]
