"""What changes something: start a run, decide dead letters again, discard them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from hub.published.tables import GREATEST_ID
from hub.serve.access import Identity, Role, require
from hub.serve.problems import Refused, responses
from hub.serve.reading import as_json
from hub.serve.work import Job

router = APIRouter(
    tags=["writes"], responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
)

Operator = Annotated[Identity, Depends(require(Role.OPERATOR))]
# what an argument of a command may be: text that is shown as it is
_Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.:/ @-]+$")]


_CHOICES = ("entity", "source", "reason", "id")
_RecordId = Annotated[int, Field(ge=1, le=GREATEST_ID)]


class Started(BaseModel):
    """A run that has begun."""

    message: str = Field(examples=["Processing triggered"])
    status: str = Field(examples=["started"])
    run: str = Field(
        description="The run; /runs/{id} has its progress.",
        examples=["20261120T221135668-6ef2edcb"],
    )


class Choice(BaseModel):
    """Open dead letters: those that fit everything given."""

    model_config = ConfigDict(extra="forbid")

    entity: _Word | SkipJsonSchema[None] = Field(
        None, description="Those of this entity.", examples=["events"]
    )
    source: _Word | SkipJsonSchema[None] = Field(
        None, description="Those of this source.", examples=["app"]
    )
    reason: _Word | SkipJsonSchema[None] = Field(
        None, description="Those with this reason.", examples=["missing_key"]
    )
    id: _RecordId | SkipJsonSchema[None] = Field(None, description="The one with this record_id.")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if isinstance(given, dict) and None in given.values():
            raise ValueError("null chooses nothing: leave the member out")
        return given

    def words(self) -> list[str]:
        """The options of the command line that choose them."""
        given = {name: getattr(self, name) for name in _CHOICES}
        # with =, a value that begins with - is no option
        return [f"--{name}={value}" for name, value in given.items() if value is not None]


class Discard(Choice):
    """Open dead letters that nobody wants; one member besides `why` is needed."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in _CHOICES]}
    )

    why: str = Field(min_length=1, max_length=1000, description="Why.", examples=["a test event"])

    @model_validator(mode="after")
    def _with_a_choice(self) -> "Discard":
        if not self.words():
            raise ValueError(f"nothing is chosen: give one of {', '.join(_CHOICES)}")
        return self


class Discarded(BaseModel):
    """What was discarded."""

    message: str = Field(examples=["Dead letters discarded"])
    status: str = Field(examples=["done"])
    dead_letters: list[dict[str, Any]] = Field(description="As they stand now.")


@router.post(
    "/data/process", status_code=202, response_model=Started, summary="Land and build what is new"
)
def process(request: Request, who: Operator) -> Response:
    """Start `hub run` as a process of its own, and answer at once.

    409 while a run, or another command that writes, is at work.
    """
    return _started("Processing triggered", _start(request, who, ["run"], {}))


@router.post(
    "/dead-letters/redrive",
    status_code=202,
    response_model=Started,
    summary="Decide dead letters again",
)
def redrive(
    request: Request, who: Operator, choice: Annotated[Choice | None, Body()] = None
) -> Response:
    """Start `hub redrive`: decide open dead letters again from their raw text, under the present
    rules; all of them where nothing is chosen."""
    chosen = choice or Choice.model_validate({})
    _require_entity(request, chosen)
    return _started("Redrive triggered", redrive_letters(request, who, chosen))


@router.post(
    "/dead-letters/discard", response_model=Discarded, summary="Mark dead letters as discarded"
)
def discard(request: Request, who: Operator, choice: Discard) -> Response:
    """Mark open dead letters as discarded, with the token's subject and why. Nothing is deleted.

    Answers when it is done; readers see it with the next snapshot, at once.
    """
    return as_json(
        {
            "message": "Dead letters discarded",
            "status": "done",
            "dead_letters": discard_letters(request, who, choice),
        }
    )


def discard_letters(request: Request, who: Identity, choice: Discard) -> list[dict[str, Any]]:
    """Discard dead letters; returns them as they stand then. Raises Refused."""
    _require_entity(request, choice)
    request.app.state.writes.take(who.subject)
    discarded: list[dict[str, Any]] = request.app.state.work.finish(
        ["discard", *choice.words(), f"--by={who.subject}", f"--why={choice.why}"],
        who,
        request.state.request_id,
        choice.model_dump(exclude_none=True),
    )
    return discarded


def _require_entity(request: Request, choice: Choice) -> None:
    known = request.app.state.project.entities
    if choice.entity is not None and choice.entity not in known:
        raise Refused(404, "Entity not found", f"known are {', '.join(known)}")


def redrive_letters(request: Request, who: Identity, choice: Choice) -> Job:
    """Start to decide dead letters again. Raises Refused."""
    words = ["redrive", *choice.words()]
    return _start(request, who, words, choice.model_dump(exclude_none=True))


def _start(request: Request, who: Identity, words: list[str], asked: dict[str, Any]) -> Job:
    """Start a command that logs a run. Raises Refused."""
    request.app.state.writes.take(who.subject)
    job: Job = request.app.state.work.start(words, who, request.state.request_id, asked)
    return job


def _started(message: str, job: Job) -> Response:
    """The response that tells of a run that has begun."""
    return as_json(
        {"message": message, "status": "started", "run": job.run_id},
        {"Location": f"/runs/{job.run_id}", "Cache-Control": "no-store"},
        202,
    )
