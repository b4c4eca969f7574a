"""What the overview leads to: letters, records, runs, sources, keys that were compared."""

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from hub.published.snapshots import NothingPublished
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.explain import Question, answer, parse_question
from hub.queries.lists import (
    compared_entities,
    letter_of,
    list_files,
    list_keys,
    list_letters,
    list_records,
    list_runs,
)
from hub.queries.overview import Overview, Step, steps_of
from hub.queries.receipt import OUTCOMES
from hub.serve.glance import Glance
from hub.serve.page.actions import DONE
from hub.serve.page.charts import KINDS
from hub.serve.page.overview import Reader
from hub.serve.page.render import page
from hub.serve.page.route import PageRoute
from hub.serve.problems import Refused
from hub.serve.reading import Newest, raw_text_of
from hub.serve.routes.ask import run_story
from loader.config.project import Project

router = APIRouter(route_class=PageRoute, prefix="/page")

_LETTER_STATUSES = ("open", "resolved", "discarded")
_KEY_STATUSES = ("matched", "mismatched", "single_source", "stale_source")

Word = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int, Path(ge=-(2**63), lt=2**63)]
After = Annotated[int | None, Query(ge=-(2**63), lt=2**63)]
Whole = Annotated[str | None, Query(pattern="^yes$")]


@router.get("/letters")
def letters(
    request: Request,
    identity: Reader,
    read: Newest,
    entity: Word = None,
    source: Word = None,
    reason: Word = None,
    status: Word = None,
    after: After = None,
) -> HTMLResponse:
    """Dead letters that fit the filters."""
    project: Project = request.app.state.project
    choice = DeadLetterChoice(entity or None, source or None, reason or None)
    with read.cursor() as connection:
        listed = list_letters(connection, choice, raw_text_of(request), status or None, after)
    asked = _asked("/page/letters", entity=entity, source=source, reason=reason, status=status)
    return page(
        request,
        identity,
        "letters.html",
        {
            "letters": listed.rows,
            "chosen": {"status": status, "entity": entity, "source": source, "reason": reason},
            "choices": {
                "status": _LETTER_STATUSES,
                "entity": project.entities,
                "source": _with(project.sources, source),
                "reason": _with(_reasons(request), reason),
            },
            **_pages(asked, after, listed.after),
        },
    )


@router.get("/letters/{record_id}")
def letter(
    request: Request,
    identity: Reader,
    read: Newest,
    record_id: Number,
    whole: Whole = None,
    done: Word = None,
) -> HTMLResponse:
    """A dead letter: its text, its reasons, what became of it."""
    with read.cursor() as connection:
        found = letter_of(connection, record_id, raw_text_of(request))
        if found is None:
            raise Refused(404, "Letter not found", f"no dead letter has the record {record_id}")
        told = answer(
            connection,
            request.app.state.project,
            Question(record_id=record_id),
            raw_text_of(request),
        )
    return page(
        request,
        identity,
        "letter.html",
        {
            "letter": found,
            "told": told,
            "with_texts": False,
            "whole": bool(whole),
            "done": DONE.get(done or ""),
        },
    )


@router.get("/why")
def why(
    request: Request,
    identity: Reader,
    read: Newest,
    asked: Annotated[str | None, Query(max_length=2000)] = None,
    key: Annotated[str | None, Query(max_length=65_536)] = None,
    record: After = None,
    whole: Whole = None,
) -> HTMLResponse:
    """What became of a record: asked for as on the command line, by its key, or by its number."""
    question = Question(key=key) if key is not None else parse_question(asked or None, record)
    with read.cursor() as connection:
        told = answer(connection, request.app.state.project, question, raw_text_of(request))
    return page(
        request,
        identity,
        "why.html",
        {
            "asked": key if key is not None else asked or f"record {record}",
            "told": told,
            "with_texts": True,
            "whole": bool(whole),
        },
        200 if told["records"] or told["left_out"] else 404,
    )


@router.get("/records")
def records(
    request: Request,
    identity: Reader,
    read: Newest,
    entity: Word = None,
    source: Word = None,
    outcome: Word = None,
    run: Word = None,
    after: After = None,
) -> HTMLResponse:
    """Records that fit the filters, each with its last decision. outcome: one, or a kind of them,
    as the overview's chart has."""
    project: Project = request.app.state.project
    selectors = {
        "entity": _values(entity),
        "source": _values(source),
        "outcome": KINDS.get(outcome or "", _values(outcome)),
        "run_id": _values(run),
    }
    with read.cursor() as connection:
        listed = list_records(connection, selectors, after)
    asked = _asked("/page/records", entity=entity, source=source, outcome=outcome, run=run)
    return page(
        request,
        identity,
        "records.html",
        {
            "records": listed.rows,
            "chosen": {"entity": entity, "source": source, "outcome": outcome, "run": run},
            "choices": {
                "entity": project.entities,
                "source": _with(project.sources, source),
                "outcome": dict.fromkeys([*OUTCOMES, *KINDS]),
            },
            **_pages(asked, after, listed.after),
        },
    )


@router.get("/runs")
def run_list(request: Request, identity: Reader, read: Newest, before: Word = None) -> HTMLResponse:
    """The runs, the latest first."""
    with read.cursor() as connection:
        found, following = list_runs(connection, before)
        shown = raw_text_of(request).within(connection)
    return page(
        request,
        identity,
        "runs.html",
        {
            "runs": [shown.of_run(run) for run in found],
            **_pages(_asked("/page/runs"), before, following, "before"),
        },
    )


@router.get("/runs/{run_id}")
def run(
    request: Request,
    identity: Reader,
    read: Newest,
    run_id: Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")],
) -> HTMLResponse:
    """The receipt of a run; of one that this server started, its progress until then."""
    told, is_published = run_story(request, read, run_id)
    if "sources" not in told:
        return page(request, identity, "run_progress.html", {"progress": told})
    steps: list[Step] = []
    if is_published:
        with read.cursor() as connection:
            steps = steps_of(connection, told["run_id"])
    return page(request, identity, "run.html", {"receipt": told, "steps": steps})


@router.get("/sources")
def source_list(request: Request, identity: Reader) -> HTMLResponse:
    """What landed of each source, and what became of it."""
    return page(request, identity, "sources.html", {"sources": _seen(request).sources})


@router.get("/sources/{name}")
def source(
    request: Request,
    identity: Reader,
    read: Newest,
    name: Annotated[str, Path(max_length=200)],
    before: After = None,
) -> HTMLResponse:
    """The files of a source."""
    found = request.app.state.project.sources.get(name)
    if found is None:
        raise Refused(404, "Source not found", f"no source {name} is registered")
    with read.cursor() as connection:
        listed = list_files(connection, name, before)
    return page(
        request,
        identity,
        "source.html",
        {
            "source": found,
            "files": listed.rows,
            **_pages(_asked(f"/page/sources/{name}"), before, listed.after, "before"),
        },
    )


@router.get("/reconciliation/{entity}")
def reconciliation(
    request: Request,
    identity: Reader,
    read: Newest,
    entity: Annotated[str, Path(max_length=200)],
    status: Word = None,
    after: After = None,
) -> HTMLResponse:
    """The keys of an entity that its sources were compared by."""
    with read.cursor() as connection:
        compared = compared_entities(connection)
        if entity not in compared or entity not in request.app.state.project.entities:
            raise Refused(404, "Not compared", f"compared are {', '.join(compared) or 'none'}")
        listed = list_keys(connection, entity, status or None, after)
    return page(
        request,
        identity,
        "reconciliation.html",
        {
            "entity": entity,
            "status": status,
            "statuses": _KEY_STATUSES,
            "keys": listed.rows,
            **_pages(_asked(f"/page/reconciliation/{entity}", status=status), after, listed.after),
        },
    )


def _seen(request: Request) -> Overview:
    """The overview of the newest snapshot. Raises NothingPublished, and Refused where it cannot be
    read."""
    glance: Glance | None = request.app.state.glances.current()
    if glance is None:
        raise NothingPublished
    if glance.overview is None:
        raise Refused(503, f"Snapshot {glance.number} cannot be read", glance.problem or "")
    return glance.overview


def _reasons(request: Request) -> list[str]:
    """The reasons of open letters, as far as they are known."""
    glance = request.app.state.glances.current()
    seen = glance.overview if glance else None
    return sorted(reason for reason, _ in seen.letters_by_reason()) if seen else []


def _values(selector: str | None) -> tuple[str, ...]:
    return (selector,) if selector else ()


def _with(known: Collection[str], chosen: str | None) -> list[str]:
    """What can be chosen, and what has been, were it anything else."""
    return [*known, *([chosen] if chosen and chosen not in known else [])]


def _asked(path: str, **selectors: str | None) -> str:
    """The address of a list from its beginning."""
    given = {name: value for name, value in selectors.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _pages(asked: str, here: Any, following: Any, name: str = "after") -> dict[str, str | None]:
    """The addresses of the first page, where this is another one, and of the next, if any."""
    mark = "&" if "?" in asked else "?"
    return {
        "first": asked if here is not None else None,
        "following": None if following is None else f"{asked}{mark}{urlencode({name: following})}",
    }
