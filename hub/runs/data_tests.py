"""Asks the data tests that dbt has compiled, over all that there is, of a warehouse to read."""

import duckdb

from hub.queries.health import Finding
from hub.runs.changes import build_state
from hub.runs.compiled_plan import Step, read_plan
from hub.runs.execute import Counting, StepFailed, failures_of
from loader.config.project import Project

_NOT_ASKED = "not asked, for want of a plan of this project: `dbt test` asks them"


def data_tests(connection: duckdb.DuckDBPyConnection, project: Project) -> Finding:
    """Which of them fail, or cannot be asked. Nothing is asked without a compiled plan that has
    them all, of the project as it is and of the database that is open."""
    try:
        state = build_state(connection, project, list(project.vars.skip)).project
    except duckdb.Error:  # tables are missing, as other checks say
        return Finding("data tests", "ok", _NOT_ASKED)
    plan = read_plan(project, state)
    opened = connection.execute("select current_database()").fetchone()
    if not plan.has_all_tests or opened != (plan.catalog,):
        return Finding("data tests", "ok", _NOT_ASKED)
    failing = [test.name for test in plan.tests.values() if _fails(connection, test)]
    if not failing:
        return Finding("data tests", "ok", f"all {len(plan.tests)} pass, over all that there is")
    remedy = "`dbt test` says more of each."
    return Finding("data tests", "fail", f"failing: {', '.join(failing)}", remedy)


def _fails(connection: duckdb.DuckDBPyConnection, test: Step) -> bool:
    try:
        return failures_of(connection, test, Counting.IN_FULL) > 0
    except StepFailed:
        return True
