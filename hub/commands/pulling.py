"""`hub pull`: pulls what is new from HTTP APIs and lands it."""

from dataclasses import dataclass

from hub.alerts.watch import Watch
from hub.runs.publishing import publish_if_free
from hub.telemetry.lineage import lineage_of
from loader.config.project import Project
from loader.errors import WrongUse
from loader.landing.folder import Landing, land
from loader.logs import logged, stage
from loader.pull.checkpoint import open_checkpoint
from loader.pull.source import PullOutcome, pull_source, sources_to_pull
from loader.pull.state import write_outcomes
from loader.pull.times import WarehouseTimes
from loader.pull.window import window_of
from loader.warehouse.lock import pull_lock
from loader.warehouse.run_log import end_run


@dataclass(frozen=True)
class PullResult:
    """What a pull did: the outcome of each source, and the files that landed then."""

    sources: tuple[PullOutcome, ...]
    landing: Landing

    @property
    def exit_code(self) -> int:
        return max(outcome.exit_code for outcome in self.sources)


def pull(
    project: Project,
    names: tuple[str, ...],
    *,
    full: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> PullResult:
    """Pull what is new from the named sources, or all that are pulled, and land it; logged as a
    run of its own.

    full: ask for everything, whatever was pulled before.
    since, until: pull once more what lies in this window, and let the next pull ask for what it
    would have asked for anyway. Raises WrongUse for a source that is not pulled, or cannot be asked
    for a window; what fails later is the outcome of its source, and the others go on.
    """
    project.require_sound()
    sources = sources_to_pull(project, names)
    in_window = since is not None or until is not None
    if full and in_window:
        raise WrongUse("--full", "it asks for everything, a window does not", "Leave one out.")
    times = WarehouseTimes(project)
    windows = {
        source.name: window_of(source, times, since, until) if in_window else None
        for source in sources
    }
    pulled = [*windows]
    with (
        Watch(project) as watch,
        lineage_of(project, "pull") as lineage,
        pull_lock(project.database, project.wait),
        open_checkpoint(project, windows) as checkpoint,
        logged(checkpoint.run_id, "pull"),
    ):
        lineage.begin(checkpoint.run_id)
        with stage("pull"):
            outcomes = tuple(
                pull_source(checkpoint, project, source, full=full) for source in sources
            )
        with (
            stage("land"),
            checkpoint.last_visit() as connection,
            watch.looking(connection),
        ):
            write_outcomes(connection, checkpoint.run_id, outcomes)
            landing = land(connection, project, pulled, checkpoint.run_id)
            landing = landing.after(checkpoint.outcomes)
            warnings = [
                f"{outcome.source}: {warning}"
                for outcome in outcomes
                for warning in outcome.warnings
            ]
            end_run(
                connection,
                checkpoint.run_id,
                errors=[outcome.error for outcome in outcomes if outcome.error] + landing.errors(),
                warnings=warnings + landing.warnings(),
                build_state=None,
            )
        lineage.end(landing, failed=tuple(outcome.source for outcome in outcomes if outcome.error))
    publish_if_free(project)
    return PullResult(outcomes, landing)
