"""What is done with whole sources: `hub rename-source`."""

from hub.runs.publishing import changing
from hub.runs.rename_source import RenamedSource, check_names, check_sources
from hub.runs.rename_source import rename_source as rename_in_warehouse
from loader.config.project import Project
from loader.logs import logged
from loader.warehouse.connection import open_warehouse, require_warehouse
from loader.warehouse.lock import pull_lock
from loader.warehouse.run_log import closing_on_error, end_run, start_run


def rename_source(project: Project, old: str, new: str) -> RenamedSource:
    """Give a source that the project has renamed its new name in the warehouse, too; logged as a
    run of its own. The next build decides its records again under that name.

    Raises WrongUse where the project does not say so, or one of the two cannot be meant.
    """
    check_names(project, old, new)
    project.require_sound()
    require_warehouse(project)
    with (
        # a pull that is under way would go on under the old name
        pull_lock(project.database, project.wait),
        changing(project),
        open_warehouse(project) as connection,
    ):
        check_sources(connection, project, old, new)
        run_id = start_run(connection, "rename-source", [], None)
        with logged(run_id, "rename-source"), closing_on_error(connection, run_id):
            renamed = rename_in_warehouse(connection, project, old, new)
            end_run(connection, run_id, errors=[], warnings=[*renamed.notes], build_state=None)
    return renamed
