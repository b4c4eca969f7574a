"""Connections on which a file can be read, and nothing else done."""

from pathlib import Path

import duckdb

_NOTHING_ELSE = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
}
# What else may be reached, in this order. The last keeps it so.
_NO_FILES = {"enable_external_access": "false", "lock_configuration": "true"}
_NOT_EVEN_ITS_OWN = {
    "enable_external_access": "false",
    "disabled_filesystems": "'LocalFileSystem'",
    "lock_configuration": "true",
}


def connect_locked_down(path: Path, **config: str) -> duckdb.DuckDBPyConnection:
    """A database, open to read: no other file, no network, no extension, no object of this process,
    and no setting can be reached from it.

    config: further settings of DuckDB's.
    """
    return duckdb.connect(
        str(path), read_only=True, config={**config, **_NOTHING_ELSE, **_NO_FILES}
    )


def connect_beside(**config: str) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, to which others can be attached until `lock_down`.

    config: further settings of DuckDB's.
    """
    return duckdb.connect(":memory:", config={**config, **_NOTHING_ELSE})


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Let nothing be reached from a connection from now on but what is attached to it, and that as
    a database only: a file that is open can be read as one besides."""
    for setting, value in _NOT_EVEN_ITS_OWN.items():
        connection.execute(f"set {setting} = {value}")
