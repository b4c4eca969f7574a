"""`hub land`: lands what is new, for `dbt build`, into the warehouse or into a lakehouse."""

from contextlib import suppress

import duckdb

from hub.alerts.watch import Watch
from hub.extras import require_extra
from hub.runs.publishing import changing
from hub.telemetry.lineage import lineage_of
from loader.config.project import Project
from loader.errors import HubError
from loader.landing.folder import Landing, land
from loader.logs import logged, stage
from loader.warehouse.connection import open_warehouse
from loader.warehouse.run_log import closing_on_error, end_run, start_run
from loader.warehouse.store import IN_WAREHOUSE, Store


def land_files(project: Project, names: tuple[str, ...]) -> Landing:
    """Land what is new from the named sources, or from all; logged as a run of its own."""
    project.require_sound()
    with (
        Watch(project) as watch,
        lineage_of(project, "land") as lineage,
        changing(project),
        open_warehouse(project) as connection,
        watch.looking(connection),
    ):
        run_id = start_run(connection, "land", [], None)
        lineage.begin(run_id)
        landing = _land(connection, project, names, run_id, IN_WAREHOUSE)
        lineage.end(landing, failed=landing.failed_sources())
    return landing


def land_into_lakehouse(project: Project, names: tuple[str, ...], to: str) -> Landing:
    """Land what is new into the tables of Delta Lake at a place, and log it there as a run.

    Raises WrongUse where `to` names no place, HubError where it cannot be reached.
    """
    # imported here because most projects have no lakehouse
    from loader.delta.lakehouse import open_lakehouse
    from loader.delta.place import place_of

    require_extra("delta")
    project.require_sound()
    with open_lakehouse(project, place_of(to)) as (connection, lakehouse):
        run_id = start_run(connection, "land", [], None)
        try:
            landing = _land(connection, project, names, run_id, lakehouse)
        except BaseException:
            # what landed before the error has landed; the next landing tells of it if this cannot
            with suppress(HubError, duckdb.Error):
                lakehouse.end_run(connection, run_id)
            raise
        lakehouse.end_run(connection, run_id)
    return landing


def _land(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    names: tuple[str, ...],
    run_id: str,
    store: Store,
) -> Landing:
    with logged(run_id, "land"), closing_on_error(connection, run_id):
        with stage("land"):
            landing = land(connection, project, names, run_id, store=store)
        end_run(
            connection,
            run_id,
            errors=landing.errors(),
            warnings=landing.warnings(),
            build_state=None,
        )
    return landing
