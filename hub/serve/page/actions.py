"""The forms of an operator: a letter is decided again, or discarded."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from hub.published.tables import GREATEST_ID
from hub.serve.access import Identity, Role
from hub.serve.page.route import PageRoute
from hub.serve.page.session import Form, sender
from hub.serve.problems import Refused
from hub.serve.routes.write import Choice, Discard, discard_letters, redrive_letters

router = APIRouter(route_class=PageRoute, prefix="/page")

# what a form has done, by the word that stands in the address afterwards
DONE = {"discarded": "It is discarded."}

Operator = Annotated[Identity, Depends(sender(Role.OPERATOR))]
Letter = Annotated[int, Path(ge=1, le=GREATEST_ID)]


@router.post("/letters/{record_id}/redrive")
def redrive(request: Request, identity: Operator, record_id: Letter) -> RedirectResponse:
    """Decide a letter again, and lead to the run that does it."""
    job = redrive_letters(request, identity, Choice.model_validate({"id": record_id}))
    return RedirectResponse(f"/page/runs/{job.run_id}", 303)


@router.post("/letters/{record_id}/discard")
def discard(
    request: Request, identity: Operator, record_id: Letter, fields: Form
) -> RedirectResponse:
    """Discard a letter, with who and why. Raises Refused where it is open no more."""
    try:
        # a browser writes a line's end as two characters
        why = " ".join(fields.get("reason", "").split())
        choice = Discard.model_validate({"id": record_id, "why": why})
    except ValidationError as error:
        raise Refused(
            422, "Say why", "a letter is discarded for a reason, of 1,000 characters at most"
        ) from error
    if not discard_letters(request, identity, choice):
        raise Refused(409, "Nothing to discard", "this letter is not open any more")
    return RedirectResponse(f"/page/letters/{record_id}?done=discarded", 303)
