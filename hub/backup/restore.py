"""`hub restore`: puts back what a backup holds, after it was checked whole."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import duckdb

from hub.backup import archive, encryption
from hub.backup.manifest import Manifest
from hub.queries.health import Finding, checks_in_the_warehouse
from hub.queries.whole_entities import ask
from hub.runs.data_tests import data_tests
from hub.runs.publishing import publish_or_say_why
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.warehouse.alone import open_nowhere, others_kept_away
from loader.warehouse.connection import read_warehouse
from loader.warehouse.replacement import (
    DATABASE,
    empty_folder_beside,
    remove_folder,
    replace_warehouse,
)
from loader.warehouse.tables import WAREHOUSE_FORMAT
from loader.warehouse.whole import what_is_half

# those of `hub doctor` that no sound warehouse fails, whatever its sources deliver
_CONSERVATION = ("ledger = raw", "raw = decisions", "data tests")


@dataclass(frozen=True)
class Restored:
    """What was restored, or, in a dry run, could be.

    file:     the backup.
    replaced: whether there was a warehouse before.   is_dry: whether it is there still.
    findings: of the checks that it passed.
    """

    file: Path
    database: Path
    manifest: Manifest
    replaced: bool
    is_dry: bool
    findings: tuple[Finding, ...]


def restore(
    project: Project, file: Path, identity: Path | None, *, force: bool, dry: bool = False
) -> Restored:
    """Replace the warehouse and its receipts by those of a backup, and publish it for readers.

    identity: a file with the secret key, where the backup is encrypted.
    force:    whether a warehouse that is there may be replaced.
    dry:      only check the backup; afterwards nothing has changed.
    Whatever stops it, there is the old state or the new one. Raises WrongUse where there is a
    warehouse, InUse where something is at work on it, HubError where the backup is not whole.
    """
    where = f"backup {file}"
    _require_backup(file, identity, where)
    exists = project.database.exists()
    if exists and not (force or dry):
        raise _taken(project)
    with others_kept_away(project):
        # somebody may have made one meanwhile
        exists = project.database.exists()
        if exists and not (force or dry):
            raise _taken(project)
        folder = empty_folder_beside(project.database)
        try:
            manifest = _unpack(project, file, identity, folder, where)
            findings = _check(replace(project, database=folder / DATABASE), where)
            if not dry:
                with open_nowhere(project.database):
                    replace_warehouse(project.database, folder)
        finally:
            remove_folder(folder)
        if not dry and project.vars.publish:
            publish_or_say_why(project, is_whole=True)
    return Restored(file, project.database, manifest, exists, dry, findings)


def _taken(project: Project) -> HubError:
    return WrongUse(
        f"database {project.database}",
        "there is a warehouse already",
        "Replace it with --force, or name another with --database.",
    )


def _require_backup(file: Path, identity: Path | None, where: str) -> None:
    """Raise HubError where the file is no backup, WrongUse where it and the key do not go
    together."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(encryption.MAGIC))
    except OSError as error:
        raise WrongUse(where, f"it cannot be read ({error.strerror})", "Name another.") from error
    is_encrypted = start == encryption.MAGIC
    if not is_encrypted and not start.startswith(archive.MAGIC):
        raise HubError(where, "it is no backup of the hub", "Name a file that `hub backup` wrote.")
    if is_encrypted and identity is None:
        raise WrongUse(
            where, "it is encrypted", "Name the file with the secret key with --identity FILE."
        )
    if identity is not None and not is_encrypted:
        raise WrongUse(
            where,
            "it is not encrypted, though a key was given",
            "Look whether it is the right file; if so, leave --identity out.",
        )


def _unpack(
    project: Project, file: Path, identity: Path | None, folder: Path, where: str
) -> Manifest:
    check = partial(_check_versions, where=where)
    with ExitStack() as stack:
        packed: BinaryIO = stack.enter_context(file.open("rb"))
        if identity is not None:
            identities = encryption.read_identities(identity)
            # without a name: gone when this process is
            plain = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            encryption.decrypt(packed, cast(BinaryIO, plain), identities, where)
            plain.seek(0)
            packed = cast(BinaryIO, plain)
        return archive.unpack(packed, folder, where, check)


def _check_versions(manifest: Manifest, where: str) -> None:
    if manifest.warehouse_format == WAREHOUSE_FORMAT:
        return
    is_newer = manifest.warehouse_format > WAREHOUSE_FORMAT
    raise HubError(
        where,
        f"its warehouse has format {manifest.warehouse_format}, of the "
        f"{'newer' if is_newer else 'older'} version {manifest.hub_version} of the hub, and this "
        f"one works on format {WAREHOUSE_FORMAT}",
        f"Restore it with version {manifest.hub_version}.",
    )


def _check(staged: Project, where: str) -> tuple[Finding, ...]:
    """Examine the database before it stands; returns the findings. Raises HubError where it is no
    warehouse, or records are not accounted for."""
    try:
        half = what_is_half(staged.database)
    except duckdb.Error as error:
        raise HubError(
            where,
            f"DuckDB cannot read its warehouse ({str(error).splitlines()[0]})",
            "Take another backup.",
        ) from error
    if half:
        raise HubError(where, half, "Take another backup.")
    with read_warehouse(staged) as connection:
        found, _ = ask(connection, staged, checks_in_the_warehouse)
        findings = (*found, data_tests(connection, staged))
    for finding in findings:
        if finding.check in _CONSERVATION and finding.status == "fail":
            raise HubError(where, f"{finding.check}: {finding.detail}", "Take another backup.")
    return findings
