"""Visits the landing folder, and the buckets of sources that have one: what is there, and what
belongs to nobody."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from loader import progress
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError, WrongUse
from loader.landing.file import FileOutcome, land_file
from loader.landing.names import name_of, name_of_folder, written_out
from loader.landing.walk import walk
from loader.warehouse.ledger import digest_of_load
from loader.warehouse.store import IN_WAREHOUSE, Store

log = logging.getLogger(__name__)

# the coarsest step of a file system's clock
_TOGETHER_NS = 2_000_000_000


@dataclass(frozen=True)
class Landing:
    """What a visit to the landing folder found.

    files:     what became of each file.
    unclaimed: what no source claims.
    hidden:    what was passed over in the folders of sources, as its name begins with a dot.
    unmoved:   what has landed and could not be archived, each with the reason.
    """

    files: tuple[FileOutcome, ...]
    unclaimed: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    unmoved: tuple[str, ...] = ()

    def after(self, outcomes: Iterable[FileOutcome]) -> "Landing":
        """The same, with what became of files before this visit, in the same run."""
        earlier = {outcome.file: outcome for outcome in outcomes if outcome.status == "landed"}
        files = tuple(
            earlier.get(outcome.file, outcome) if outcome.status == "known" else outcome
            for outcome in self.files
        )
        return replace(self, files=files)

    def failed_sources(self) -> tuple[str, ...]:
        """The sources that could not be visited."""
        return tuple(outcome.source for outcome in self.files if outcome.status == "failed")

    def errors(self) -> list[str]:
        """What kept whole sources from being visited, for the receipt."""
        return [
            f"source '{outcome.source}': {outcome.reason}"
            for outcome in self.files
            if outcome.status == "failed"
        ]

    def warnings(self) -> list[str]:
        """What was found amiss, for the receipt."""
        not_landed = [
            f"{outcome.file}: {outcome.status}: {outcome.reason}"
            for outcome in self.files
            if outcome.status not in ("landed", "known", "failed")
        ]
        unmoved = [f"{told}; it stays in landing/" for told in self.unmoved]
        unclaimed = [
            f"landing/{name}: no registered source claims it, left as it is"
            for name in self.unclaimed
        ]
        return not_landed + unmoved + unclaimed


def land(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    names: Iterable[str] = (),
    run_id: str | None = None,
    *,
    archives: bool = True,
    store: Store = IN_WAREHOUSE,
) -> Landing:
    """Land what is new in the folders and buckets of the named sources, or of all.

    archives: whether files of sources that want it so are moved into the archive afterwards.
    store:    where the records are kept.

    Raises WrongUse for an unknown source, HubError where the landing folder is missing.
    """
    names = tuple(dict.fromkeys(names)) or tuple(project.sources)
    for name in names:
        if name not in project.sources:
            raise WrongUse(
                f"source '{name}'",
                "it is not registered",
                f"Known are {', '.join(project.sources)} (dbt_project.yml: vars: sources).",
            )
    if not project.landing.is_dir():
        raise HubError(
            f"landing folder {project.landing}",
            "there is no such folder",
            "Create it, or name another with --landing.",
        )
    found: dict[Path, Source] = {}
    outcomes = []
    hidden = []
    for name in names:
        folder = project.landing / name
        inside = walk(folder)
        found |= dict.fromkeys(inside.entries, project.sources[name])
        hidden += [name_of(name, path, folder) for path in inside.hidden]
        outcomes += [
            FileOutcome(name, name_of_folder(name, path, folder), "refused", reason=reason)
            for path, reason in inside.unreadable
        ]
    visited = {
        path: land_file(
            connection, found[path], path, run_id, project.landing / found[path].name, store
        )
        for path in in_order_of_arrival(found)
    }
    unmoved: list[str] = []
    for path, outcome in visited.items():
        if archives and found[path].after_landing == "archive":
            unmoved += _archive(connection, project, found[path], path, outcome)
    # told of by source and name, in whatever order they came
    outcomes += [visited[path] for path in found]
    if any(project.sources[name].path for name in names):
        # imported here because most projects have no bucket
        from loader.landing.objects import land_objects

        for name in names:
            in_bucket = land_objects(
                connection, project.sources[name], run_id, project.database.parent, store
            )
            outcomes += in_bucket.outcomes
            hidden += in_bucket.hidden
    progress.clear()
    _log(outcomes, hidden)
    return Landing(tuple(outcomes), tuple(_unclaimed(project)), tuple(hidden), tuple(unmoved))


def _log(outcomes: Iterable[FileOutcome], hidden: Iterable[str]) -> None:
    for outcome in outcomes:
        level = logging.INFO if outcome.status in ("landed", "known") else logging.WARNING
        log.log(
            level,
            "%s: %s%s%s",
            outcome.file,
            outcome.status,
            f", {outcome.rows} rows" if outcome.status == "landed" else "",
            f" ({outcome.reason})" if outcome.reason else "",
        )
    for name in hidden:
        log.info("%s: hidden, passed over", name)


def _archive(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    source: Source,
    path: Path,
    outcome: FileOutcome,
) -> Iterator[str]:
    """Move a file whose content has landed into the archive; why not, where it cannot be moved."""
    if outcome.status not in ("landed", "known") or outcome.load_id is None:
        return
    # imported here because most projects keep their files
    from loader.landing.archive import archive_file

    sha256 = digest_of_load(connection, outcome.load_id)
    try:
        target = archive_file(source, project.landing / source.name, path, project.archive, sha256)
    except OSError as error:
        yield f"{outcome.file}: not archived: {error.strerror}"
    else:
        log.info("%s: archived as %s", outcome.file, target)


def in_order_of_arrival(paths: Iterable[Path]) -> list[Path]:
    """Files that wait, those first that came first.

    When a file came, only its change of status tells: it is set when the file is written, or moved
    to its place, and nobody can set it back. It is no exact clock, so files that came together,
    each less than two seconds after another, stay in the order given.
    """
    place = {path: number for number, path in enumerate(paths)}
    came = {path: _came_at(path) for path in place}
    together: list[list[Path]] = []
    last = 0
    for path in sorted(place, key=lambda path: came[path]):
        if not together or came[path] - last >= _TOGETHER_NS:
            together.append([])
        together[-1].append(path)
        last = came[path]
    return [path for group in together for path in sorted(group, key=lambda path: place[path])]


def _came_at(path: Path) -> int:
    """When a file came, in nanoseconds of the epoch; one that is gone again came first."""
    try:
        return path.lstat().st_ctime_ns
    except OSError:
        return 0


def _unclaimed(project: Project) -> list[str]:
    """Names in the landing folder that belong to no registered source."""
    return sorted(
        written_out(path.name)
        for path in project.landing.iterdir()
        if not path.name.startswith(".")
        and (path.name not in project.sources or not path.is_dir() or path.is_symlink())
    )
