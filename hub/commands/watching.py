"""`hub watch`: lands and builds as files come."""

from hub.runs.arrivals import WatchSummary, take_arrivals
from loader.config.project import Project
from loader.errors import HubError


def watch_files(project: Project, *, every: float, by_dbt: bool = False) -> WatchSummary:
    """Land and build whatever comes, until a signal ends it. every, by_dbt: as for
    take_arrivals. Raises HubError where the landing folder is missing."""
    project.require_sound()
    if not project.landing.is_dir():
        raise HubError(
            f"landing folder {project.landing}",
            "there is no such folder",
            "Create it, or name another with --landing.",
        )
    return take_arrivals(project, every=every, by_dbt=by_dbt)
