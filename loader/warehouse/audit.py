"""The audit log: who asked, over the network, for what, and when."""

import json
from datetime import datetime

import duckdb

from loader.config.request import read_request


def note_request(
    connection: duckdb.DuckDBPyConnection,
    command: str,
    moment: datetime,
    run_id: str | None = None,
) -> None:
    """Write down the request that this command carries out; nothing where somebody typed it.

    moment: when (UTC).   run_id: the run that the command logs, None where it logs none.
    """
    request = read_request()
    if request is None:
        return
    connection.execute(
        "insert into ops.audit_log (request_id, requested_by, command, asked_for, requested_at, "
        "run_id, promised_run_id) values (?, ?, ?, ?, ?, ?, ?)",
        [
            request.request_id,
            request.requested_by,
            command,
            json.dumps(request.asked_for),
            moment,
            run_id,
            request.run_id,
        ],
    )
