"""GET /health: whether the server can answer, and how the machine is."""

from enum import StrEnum

import duckdb
import psutil
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from hub.published.snapshots import Snapshot
from hub.serve.reading import as_json
from loader.warehouse.run_log import utc_now

router = APIRouter(tags=["state"])

_FULL_DISK = 95.0
_FULL_MEMORY = 95.0


class Status(StrEnum):
    """healthy, degraded where it answers and somebody should look, unhealthy where it cannot."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class SnapshotState(BaseModel):
    """The snapshot that is read."""

    run: str | None = Field(description="The run that ended last in it.")
    age: float | None = Field(description="Seconds since that run ended.", examples=[42.5])


class Details(BaseModel):
    """What the status is made of."""

    database: str = Field(
        description="ok; missing, where no run has made a warehouse yet; unreadable.",
        examples=["ok"],
    )
    snapshot: SnapshotState | None = Field(description="Null where nothing is published yet.")
    publisher: str = Field(
        description="What publishes changes of plain `dbt build`: running, restarting or off.",
        examples=["running"],
    )
    cpu_percent: float = Field(description="Of all cores, since it was asked last.")
    memory_percent: float = Field(description="Of the machine, in use.")
    disk_percent: float = Field(description="Of the warehouse's disk, in use.")


class Health(BaseModel):
    """How the server is."""

    status: Status
    service: str = Field(examples=["hub"])
    details: Details


@router.get(
    "/health",
    response_model=Health,
    summary="Is the server well?",
    responses={503: {"model": Health, "description": "It is unhealthy: it cannot answer reads."}},
)
def health(request: Request) -> Response:
    """Needs no token. 200 where it can answer reads (healthy or degraded), else 503.

    Degraded: the disk or the memory is nearly full, or the publisher has to be restarted.
    """
    state = request.app.state
    database = state.project.database
    snapshot, found = _snapshot(request)
    details = {
        "database": found,
        "snapshot": snapshot and _told(snapshot),
        "publisher": state.publisher.state,
        "cpu_percent": psutil.cpu_percent(),
        "memory_percent": psutil.virtual_memory().percent,
        "disk_percent": psutil.disk_usage(str(database.parent)).percent,
    }
    status = _status(details, snapshot)
    return as_json(
        {"status": status, "service": "hub", "details": details},
        {"Cache-Control": "no-store"},
        503 if status is Status.UNHEALTHY else 200,
    )


def _snapshot(request: Request) -> tuple[Snapshot | None, str]:
    state = request.app.state
    try:
        snapshot: Snapshot | None = state.snapshots.current()
        if snapshot is not None:
            snapshot.cursor().close()
    except duckdb.Error:
        return None, "unreadable"
    is_there = snapshot is not None or state.project.database.exists()
    return snapshot, "ok" if is_there else "missing"


def _told(snapshot: Snapshot) -> dict[str, object]:
    age = None
    if snapshot.as_of is not None:
        age = round((utc_now() - snapshot.as_of).total_seconds(), 1)
    return {"run": snapshot.run_id, "age": age}


def _status(details: dict[str, object], snapshot: Snapshot | None) -> Status:
    if snapshot is None:
        return Status.UNHEALTHY
    is_full = (
        float(str(details["disk_percent"])) > _FULL_DISK
        or float(str(details["memory_percent"])) > _FULL_MEMORY
    )
    if is_full or details["publisher"] == "restarting":
        return Status.DEGRADED
    return Status.HEALTHY
