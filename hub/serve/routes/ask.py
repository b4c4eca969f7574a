"""What became of records: why, dead letters, runs, sources."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.queries.dead_letters import DeadLetterChoice, page_of_dead_letters
from hub.queries.explain import answer, parse_question
from hub.queries.lists import run_line
from hub.queries.raw_text import RawText
from hub.queries.receipt import receipt
from hub.queries.rows import rows
from hub.serve.access import Role, require
from hub.serve.problems import Refused, responses
from hub.serve.reading import Newest, Read, as_json, raw_text_of
from hub.serve.routes.data import AfterRecord, Limit
from hub.serve.work import Job
from loader.warehouse.run_log import runs

router = APIRouter(
    tags=["what became of records"],
    dependencies=[Depends(require(Role.READER))],
    responses=responses(401, 403, 404, 422, 503),
)

_ANY = "all"


class Told(BaseModel):
    """A document with more members than are named here."""

    model_config = ConfigDict(extra="allow")


class Story(Told):
    """What is known of the records that were asked for."""

    asked: dict[str, Any] = Field(description="What was asked for.", examples=[{"key": "evt-003"}])
    files: int = Field(description="How many files have landed.")
    records: list[dict[str, Any]] = Field(
        description="Oldest first: source, file, row_number, record (its text as it stood; of an "
        "entity with sensitive columns, for operators only), explanation, decisions, is_current, "
        "dead_letter."
    )
    more_records: bool = Field(description="Whether there are more than are told.")
    left_out: dict[str, str] = Field(description="Entities that cannot be read, and why.")


class DeadLetters(BaseModel):
    """Rejected records, oldest first."""

    dead_letters: list[dict[str, Any]] = Field(
        description="record_id, entity, source, file, row_number, record (its text as it stood; of "
        "an entity with sensitive columns, for operators only), reasons, error (the first), "
        "explanation, attempts, status, resolved_by."
    )
    next: str | None = Field(description="Where the next page is; null where this is the last.")


class RunInfo(BaseModel):
    """A line of the log of runs."""

    run_id: str
    command: str = Field(examples=["run"])
    status: str = Field(description="running, pulling, succeeded, failed or interrupted.")
    started_at: str = Field(examples=["2025-01-15T12:00:00.123Z"])
    ended_at: str | None
    duration_ms: int | None
    errors: list[str]


class Runs(BaseModel):
    """Runs, latest first."""

    runs: list[RunInfo]
    next: str | None = Field(description="Where the next page is; null where this is the last.")


class RunStory(Told):
    """The receipt of a run, as `hub report --run ID --json` prints it; of a run that the server
    started and that is at work, what is known of it."""

    run_id: str
    command: str
    status: str = Field(description="running, succeeded, failed or interrupted.")


class Sources(BaseModel):
    """The registered sources."""

    sources: list[dict[str, Any]] = Field(
        description="entity, source, landed_files, landed_rows, last_landed_at, newest_event_at, "
        "freshness (fresh, stale or unknown, now)."
    )


@router.get("/why/{key:path}", response_model=Story, summary="What became of a record")
def why(
    request: Request,
    read: Newest,
    key: Annotated[
        str,
        Path(
            description="A key; a place as FILE:ROW; or TOPIC/PARTITION@OFFSET.",
            examples=["evt-003"],
        ),
    ],
) -> Response:
    """What became of the records of a key or a place, from file to target. 404 where none was
    seen."""
    state = request.app.state
    with read.cursor() as cursor:
        story = answer(
            cursor,
            state.project,
            parse_question(key, None),
            raw_text_of(request),
            lambda given: int(state.key_hash.of(cursor, given)),
        )
    if not story["records"]:
        raise Refused(
            404,
            "Record not found",
            f"not seen in {story['files']} files: is it a key, or FILE:ROW?",
        )
    return read.answer(story)


@router.get("/dead-letters", response_model=DeadLetters, summary="Rejected records")
def dead_letters(
    request: Request,
    read: Newest,
    entity: Annotated[str | None, Query(description="Of this entity.")] = None,
    source: Annotated[str | None, Query(description="Of this source.")] = None,
    reason: Annotated[
        str | None, Query(description="With this reason.", examples=["missing_key"])
    ] = None,
    status: Annotated[
        str, Query(description="open, resolved, discarded, or all.", pattern="^[a-z]+$")
    ] = "open",
    after: AfterRecord = 0,
    limit: Limit = 100,
) -> Response:
    """Records that were rejected, each with its text and all reasons."""
    choice = DeadLetterChoice(entity, source, reason)
    wanted = None if status == _ANY else status
    with read.cursor() as cursor:
        found = page_of_dead_letters(cursor, choice, wanted, after, limit + 1, raw_text_of(request))
    shown, following = found[:limit], None
    if len(found) > limit:
        given = {"entity": entity, "source": source, "reason": reason, "status": status}
        given = {name: value for name, value in given.items() if value is not None}
        last = shown[-1]["record_id"]
        following = f"{request.url.path}?{urlencode({**given, 'after': last, 'limit': limit})}"
    return read.answer({"dead_letters": shown, "next": following})


@router.get("/runs", response_model=Runs, summary="The log of runs")
def run_log(
    request: Request,
    read: Newest,
    before: Annotated[
        str | None,
        Query(description="Runs before this one: see `next`.", pattern=r"^[0-9A-Za-z-]{1,64}$"),
    ] = None,
    limit: Limit = 100,
) -> Response:
    """The runs of the newest snapshot, latest first. One that is at work is at `/runs/{id}`."""
    # the pattern lets nothing through that SQL would take for more than text
    condition = "true" if before is None else f"run_id < '{before}'"
    with read.cursor() as cursor:
        found = runs(cursor, condition, limit + 1)
        shown = raw_text_of(request).within(cursor)
    following = None
    if len(found) > limit:
        last = found[limit - 1].run_id
        following = f"{request.url.path}?{urlencode({'before': last, 'limit': limit})}"
    lines = [run_line(shown.of_run(run)) for run in found[:limit]]
    return read.answer({"runs": lines, "next": following})


@router.get("/runs/{run_id}", response_model=RunStory, summary="A run: its progress or its receipt")
def run(
    request: Request,
    read: Newest,
    run_id: Annotated[
        str,
        Path(
            description="The run, as POST /data/process or /runs name it.",
            pattern=r"^[0-9A-Za-z-]{1,64}$",
            examples=["20261120T221135668-6ef2edcb"],
        ),
    ],
) -> Response:
    """The receipt of a run. Of one that this server started, its progress until it ends."""
    told, is_published = run_story(request, read, run_id)
    return read.answer(told) if is_published else as_json(told, {"Cache-Control": "no-store"})


def run_story(request: Request, read: Read, run_id: str) -> tuple[dict[str, Any], bool]:
    """The receipt of a run, or what is known of one that this server started; and whether it is
    published, and stays as it is. Raises Refused where there is no such run.

    run_id: letters, digits and hyphens.
    """
    state = request.app.state
    job = state.work.find(run_id)
    with read.cursor() as cursor:
        shown = raw_text_of(request).within(cursor)
        # until its end is published, a run is known to whoever started it
        if job is not None and job.exit_code != 0:
            return _progress(job, shown), False
        promised = rows(
            cursor, "select run_id from ops.audit_log where promised_run_id = ?", [run_id]
        )
        actual = promised[0]["run_id"] if promised else run_id
        found = runs(cursor, f"run_id = '{actual}'")
        if found:
            return receipt(cursor, state.project, shown.of_run(found[0])), True
    if job is not None:
        return _progress(job, shown), False
    raise Refused(404, "Run not found", "the newest snapshot has no such run: /runs lists them")


def _progress(job: Job, shown: RawText) -> dict[str, Any]:
    progress = job.progress()
    return {**progress, "errors": shown.of_errors(progress["errors"])}


@router.get("/sources", response_model=Sources, summary="The sources and their freshness")
def sources(read: Newest) -> Response:
    """What each source has delivered, and how fresh it is at this moment."""
    with read.cursor() as cursor:
        found = rows(cursor, "select * from ops.source_freshness order by entity, source")
    # its freshness changes with the time, whatever is published
    return as_json({"sources": found}, {"Cache-Control": "no-store"})
