"""What a backup says of itself: what it is of, and the size and digest of each of its members."""

import re
from datetime import datetime

import msgspec

from loader.errors import HubError

# The number of the form of a backup. It is raised with every change after which this version
# cannot read the backups of the one before, or that one not those of this.
BACKUP_FORMAT = 1

MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"
RECEIPTS = "receipts/"
LATEST = "receipts/latest.json"
_MEMBER_NAME = re.compile(r"warehouse\.duckdb|receipts/(latest|\d{8}T\d{9}-[0-9a-f]{8})\.json")


class Member(msgspec.Struct, frozen=True):
    """A file in the backup. bytes: how many it has."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup.

    format:           BACKUP_FORMAT of the version that wrote it.
    hub_version, duckdb_version: those that wrote it.
    warehouse_format: as in ops.warehouse_format.
    created_at:       UTC.
    run_id:           the newest run in it.     run_ended_at: when that ended (UTC).
    members:          in the order in which they follow; the warehouse is the first.
    """

    format: int
    hub_version: str
    duckdb_version: str
    warehouse_format: int
    created_at: datetime
    run_id: str
    run_ended_at: datetime | None
    members: tuple[Member, ...]

    def encoded(self) -> bytes:
        """It as JSON."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"


class _Numbered(msgspec.Struct):
    format: int


def read_manifest(content: bytes, where: str) -> Manifest:
    """The manifest from its JSON. Raises HubError where another version wrote it, or it is none.

    where: the backup, for the error.
    """
    try:
        number = msgspec.json.decode(content, type=_Numbered).format
        if number != BACKUP_FORMAT:
            raise HubError(
                where,
                f"it has format {number}, and this version of the hub reads format {BACKUP_FORMAT}",
                "Restore it with the version that wrote it, or a newer one.",
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise damaged(where, f"its manifest cannot be read ({error})") from error
    names = [member.name for member in manifest.members]
    if names[:1] != [WAREHOUSE] or len(set(names)) < len(names):
        raise damaged(where, "its manifest does not list one warehouse and its receipts")
    for name in names:
        if not _MEMBER_NAME.fullmatch(name):
            raise damaged(where, f"its manifest lists {name!r}, which no backup has")
    return manifest


def damaged(where: str, what: str) -> HubError:
    """The error to raise where a backup is not what was written."""
    return HubError(
        where, what, "It is damaged or cut: take another copy of it, or another backup."
    )
