"""What may go by its age: `hub expire`."""

from hub.runs.expire import Expired, find_expired, remove_expired
from hub.runs.publishing import changing
from loader.config.project import Project
from loader.errors import WrongUse
from loader.logs import logged
from loader.warehouse.connection import open_warehouse, read_warehouse, require_warehouse
from loader.warehouse.run_log import closing_on_error, end_run, start_run, utc_now


def expire(project: Project, *, dry: bool = False) -> Expired:
    """Remove what is older than `vars: retention` says; logged as a run of its own, unless there is
    nothing to remove.

    dry: only say what would be.   Raises WrongUse where `retention` says nothing.
    """
    retention = project.vars.retention
    if retention.runs is None and retention.receipts is None:
        raise WrongUse(
            "dbt_project.yml: vars: retention",
            "it says of nothing when it expires",
            "Write `retention: {runs: 365 days, receipts: 90 days}`, or one of them.",
        )
    project.require_sound()
    require_warehouse(project)
    if dry:
        with read_warehouse(project) as connection:
            return find_expired(connection, project, utc_now()).counted()
    with changing(project), open_warehouse(project) as connection:
        expiring = find_expired(connection, project, utc_now())
        if not expiring.runs and not expiring.receipts:
            return expiring.counted()
        run_id = start_run(connection, "expire", [], None)
        with logged(run_id, "expire"), closing_on_error(connection, run_id):
            remove_expired(connection, expiring, run_id)
            end_run(connection, run_id, errors=[], warnings=[], build_state=None)
        return expiring.counted(run_id)
