"""Connections on which a file can be read, and nothing else done."""

from pathlib import Path

import duckdb

# The last line keeps it so.
_LOCKED_DOWN = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "enable_external_access": "false",
    "lock_configuration": "true",
}


def connect_locked_down(path: Path, **config: str) -> duckdb.DuckDBPyConnection:
    """A database, open to read: no other file, no network, no extension, no object of this process,
    and no setting can be reached from it.

    config: further settings of DuckDB's.
    """
    return duckdb.connect(str(path), read_only=True, config={**config, **_LOCKED_DOWN})
