"""`hub stream`: takes up what Kafka topics bring."""

from hub.runs.follow import StreamSummary, follow
from loader.config.project import Project


def stream(
    project: Project, names: tuple[str, ...], *, once: bool, by_dbt: bool = False
) -> StreamSummary:
    """Take up what the topics of the named sources bring, or of all, until a signal ends it, or
    with `once` until nothing more is there. by_dbt: as for `run`."""
    project.require_sound()
    return follow(project, names, once=once, by_dbt=by_dbt)
