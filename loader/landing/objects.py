"""Lands the objects under a source's `path`: those that the ledger does not know as they are."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from loader import progress
from loader.config.sources import Source
from loader.errors import HubError
from loader.landing.file import FileOutcome, Look, land_content
from loader.objects.bucket import Bucket, FoundObject, ObjectRefused
from loader.warehouse.ledger import seen_before
from loader.warehouse.store import IN_WAREHOUSE, Store


@dataclass
class FoundObjects:
    """What a visit to a bucket found.

    outcomes: what became of each object.
    hidden:   what was passed over, as a part of its key begins with a dot.
    """

    outcomes: list[FileOutcome] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def land_objects(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    run_id: str | None,
    aside: Path,
    store: Store = IN_WAREHOUSE,
) -> FoundObjects:
    """Land what is new under the source's `path`, in the order in which it was written; nothing
    where it has none.

    aside: the folder in which an object lies while it is read.
    store: where the records are kept.

    A bucket that cannot be reached is an outcome of the source, and what has landed stays.
    """
    found = FoundObjects()
    if source.path is None:
        return found
    try:
        bucket = Bucket(source.path)
        new = sorted(
            _not_seen(connection, source, bucket, found),
            key=lambda each: (each.modified_at, each.name),
        )
        for each in new:
            found.outcomes.append(_land(connection, source, bucket, each, run_id, aside, store))
    except HubError as error:
        found.outcomes.append(FileOutcome(source.name, source.name, "failed", reason=str(error)))
    return found


def _not_seen(
    connection: duckdb.DuckDBPyConnection, source: Source, bucket: Bucket, found: FoundObjects
) -> Iterator[FoundObject]:
    """The objects that are to be fetched; the others are put down as found."""
    for page in bucket.listed():
        visible = []
        for each in page:
            if any(part.startswith(".") for part in each.name.split("/")):
                found.hidden.append(_name_of(source, each))
            else:
                visible.append(each)
        states = {_name_of(source, each): state for each in visible if (state := _state_of(each))}
        seen = seen_before(connection, source, states)
        for each in visible:
            load = seen.get(_name_of(source, each))
            if load is None:
                yield each
                continue
            status = "known" if load.status == "landed" else load.status
            reason = load.reason if status == "quarantined" else None
            load_id = None if status == "quarantined" else load.load_id
            found.outcomes.append(
                FileOutcome(source.name, load.file, status, load_id=load_id, reason=reason)
            )


def _land(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    bucket: Bucket,
    found: FoundObject,
    run_id: str | None,
    aside: Path,
    store: Store,
) -> FileOutcome:
    name = _name_of(source, found)
    if (free := shutil.disk_usage(aside).free) < found.size:
        reason = f"no_room: it has {found.size:,} bytes, and {aside} has room for {free:,}"
        return FileOutcome(source.name, name, "held", reason=reason)
    progress.show(f"fetching {name}")
    # without a name: whatever ends this process, nothing is left of it
    with tempfile.TemporaryFile(dir=aside) as file:
        try:
            bucket.fetch(found, file)
            file.flush()
        except ObjectRefused as refused:
            status = "held" if refused.is_transient else "refused"
            return FileOutcome(source.name, name, status, reason=str(refused))
        except OSError as error:
            reason = f"no_room: it cannot be written to {aside}: {error.strerror}"
            return FileOutcome(source.name, name, "held", reason=reason)
        look = Look(found.size, found.modified_at, _state_of(found), is_costly=True)
        return land_content(connection, source, name, file, look, run_id, store)


def _name_of(source: Source, found: FoundObject) -> str:
    return f"{source.name}/{found.name}"


def _state_of(found: FoundObject) -> str | None:
    """What changes whenever an object's bytes do; None where nothing tells."""
    return f"etag:{found.etag}:{found.size}" if found.etag else None
