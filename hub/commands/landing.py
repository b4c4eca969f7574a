"""`hub land`: lands what is new, for `dbt build`."""

from hub.alerts.watch import Watch
from hub.runs.publishing import changing
from hub.telemetry.lineage import lineage_of
from loader.config.project import Project
from loader.landing.folder import Landing, land
from loader.logs import logged, stage
from loader.warehouse.connection import open_warehouse
from loader.warehouse.run_log import closing_on_error, end_run, start_run


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
        with logged(run_id, "land"), closing_on_error(connection, run_id):
            with stage("land"):
                landing = land(connection, project, names, run_id)
            end_run(
                connection,
                run_id,
                errors=landing.errors(),
                warnings=landing.warnings(),
                build_state=None,
            )
        lineage.end(landing, failed=landing.failed_sources())
    return landing
