"""`hub backup`: writes one state of the hub, whole, into one file."""

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import duckdb

from hub.backup.archive import Content, describe, pack
from hub.backup.destination import check_destination, path_of, written
from hub.backup.encryption import encrypt, read_recipients
from hub.backup.manifest import BACKUP_FORMAT, RECEIPTS, WAREHOUSE, Manifest
from hub.backup.state import State, whole_state
from loader import __version__
from loader.config.project import Project
from loader.warehouse.tables import WAREHOUSE_FORMAT

_LATEST = "latest"


@dataclass(frozen=True)
class Backup:
    """A backup that was written.

    size: bytes of the file.   behind: as in State.
    """

    path: Path
    size: int
    is_encrypted: bool
    manifest: Manifest
    behind: str | None


def back_up(project: Project, to: str, recipients: Sequence[str], *, force: bool) -> Backup:
    """Write a backup of the warehouse and its receipts, as the newest run left them that is whole.

    to:         a path, or a file:// URI.
    recipients: public keys; with any, what is written is encrypted to each of them.
    force:      whether a file that is there may be overwritten.
    Raises WrongUse for what cannot be meant, InUse as whole_state does.
    """
    path = path_of(to)
    check_destination(path, project, force=force)
    keys = read_recipients(recipients) if recipients else []
    with whole_state(project) as state:
        contents = _contents(project, state)
        manifest = _manifest(state, contents)
        packed = pack(manifest, contents)
        with written(path, force=force) as file:
            if keys:
                encrypt(packed, file, keys)
            else:
                file.writelines(packed)
        return Backup(path, path.stat().st_size, bool(keys), manifest, state.behind)


def _manifest(state: State, contents: dict[str, Content]) -> Manifest:
    members = []
    for name, opened in contents.items():
        with opened() as content:
            members.append(describe(name, content))
    return Manifest(
        format=BACKUP_FORMAT,
        hub_version=__version__,
        duckdb_version=duckdb.__version__,
        warehouse_format=WAREHOUSE_FORMAT,
        created_at=datetime.now(UTC),
        run_id=state.as_of.run_id,
        run_ended_at=state.as_of.ended_at,
        members=tuple(members),
    )


def _contents(project: Project, state: State) -> dict[str, Content]:
    contents: dict[str, Content] = {WAREHOUSE: partial(_from_start, state.file)}
    for name, content in _receipts(project.receipts, state).items():
        contents[f"{RECEIPTS}{name}.json"] = partial(io.BytesIO, content)
    return contents


def _from_start(file: BinaryIO) -> contextlib.nullcontext[BinaryIO]:
    file.seek(0)
    return contextlib.nullcontext(file)


def _receipts(folder: Path, state: State) -> dict[str, bytes]:
    """The receipts of the runs in the state by name, and as `latest` the newest: that of a later
    run belongs to another state."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(FileNotFoundError):  # a run at work removes the oldest
            found[path.stem] = path.read_bytes()
    latest = found.pop(_LATEST, None)
    kept = {run_id: found[run_id] for run_id in sorted(state.knows(found))}
    if latest and state.knows([json.loads(latest)["run_id"]]):
        return {**kept, _LATEST: latest}
    return {**kept, _LATEST: kept[max(kept)]} if kept else {}
