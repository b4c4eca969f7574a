"""Replaces the warehouse and its receipts by others that were made ready beside it.

What is to stand there is made in a folder of its own. The moment at which that folder gets its last
name decides: before it, nothing has changed; after it, whoever writes next completes what was
begun. The database is replaced by one rename, so at any moment it is the old one or the new one.
"""

import re
import shutil
from pathlib import Path

from loader.warehouse.durable import sync
from loader.warehouse.leftovers import write_whole

# in the folder of what is to stand
DATABASE = "warehouse.duckdb"
RECEIPTS = "receipts"
# as they are written; the folder may hold files of others
_RECEIPT_NAME = re.compile(r"(latest|\d{8}T\d{9}-[0-9a-f]{8})\.json")


def log_of(database: Path) -> Path:
    """Where DuckDB writes what is not in the database file yet."""
    file = database.resolve()
    return file.with_name(f"{file.name}.wal")


def empty_folder_beside(database: Path) -> Path:
    """A new folder, readable by its owner alone, for what is to replace the database: DATABASE,
    RECEIPTS. One that a killed process has left is removed."""
    folder = _beside(database, "restore")
    remove_folder(folder)
    folder.mkdir(mode=0o700)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder that empty_folder_beside gave, as far as it is still there."""
    if folder.exists():
        shutil.rmtree(folder)


def replace_warehouse(database: Path, folder: Path) -> None:
    """Let what is in the folder, whole and on the disk, take the place of the database and its
    receipts. Nobody else may have the database open."""
    if not database.exists():
        (folder / DATABASE).chmod(0o644)
    else:
        shutil.copymode(database, folder / DATABASE)
    folder.rename(_beside(database, "replacement"))
    sync(database.resolve().parent)
    complete_replacement(database)


def complete_replacement(database: Path) -> None:
    """Complete the replacement that was begun, if any: each step may have been done before."""
    folder = _beside(database, "replacement")
    if not folder.is_dir():
        return
    file = database.resolve()
    new = folder / DATABASE
    if new.exists():
        # only of a database that DuckDB could not open: it belongs to nothing else
        log_of(database).unlink(missing_ok=True)
        new.replace(file)
    _replace_receipts(folder / RECEIPTS, database.parent / RECEIPTS)
    sync(file.parent)
    done = _beside(database, "restore")
    remove_folder(done)
    # first out of the way by one rename: half of it must not be taken for another replacement
    folder.rename(done)
    remove_folder(done)


def _replace_receipts(new: Path, receipts: Path) -> None:
    receipts.mkdir(exist_ok=True)
    wanted = {path.name: path for path in new.iterdir()}
    for name, path in wanted.items():
        write_whole(receipts / name, path.read_bytes())
    for path in receipts.iterdir():
        if _RECEIPT_NAME.fullmatch(path.name) and path.name not in wanted:
            path.unlink()
    sync(receipts)


def _beside(database: Path, what: str) -> Path:
    file = database.resolve()
    return file.with_name(f".{file.name}.{what}")
