"""`hub publish`: publishes the warehouse for readers, once or until a signal ends it."""

from hub.runs.publishing import publish_until_stopped
from loader.config.project import Project
from loader.errors import HubError
from loader.warehouse.connection import require_warehouse
from loader.warehouse.lock import warehouse_lock
from loader.warehouse.snapshots import Publication, publish, why_unpublished


def publish_now(project: Project) -> Publication | None:
    """Publish the warehouse for readers; None where there is nothing new to publish.

    Raises HubError where it is in use or holds half a run, as far as that is so now.
    """
    require_warehouse(project)
    with warehouse_lock(project.database, project.wait):
        published = publish(project.database)
    if half := why_unpublished(project.database):
        raise HubError(f"database {project.database}", half, "`hub run` completes it.")
    return published


def watch(project: Project) -> int:
    """Publish the warehouse whenever it has changed, until a signal ends it; returns how often."""
    return publish_until_stopped(project)
