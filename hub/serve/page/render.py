"""Renders the page's templates: what they may use, and the headers of every answer."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub.serve.access import Identity, Role
from hub.serve.page.charts import by_kind
from hub.serve.page.session import csrf_token
from loader import __version__
from loader.warehouse.run_log import utc_now

_TEMPLATES = Path(__file__).parent.parent / "templates"
STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
# the address of the style changes with it, so browsers may keep it
STYLE_DIGEST = hashlib.sha256(STYLE.encode()).hexdigest()[:16]
_CODE = re.compile("`([^`]+)`")
_NONE = "\N{EN DASH}"
# of a text that a record or a message has, unless the whole is asked for
_MOST_CHARS = 2_000

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # what a record says is for whoever has a token
    "Cache-Control": "no-store",
}


def page(
    request: Request,
    identity: Identity | None,
    template: str,
    content: Mapping[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """A template as an answer.

    identity: who asked, None before they signed in.   content: what the template shows.
    """
    glance = request.app.state.glances.current() if identity else None
    text = (
        _environment()
        .get_template(template)
        .render(
            content,
            identity=identity,
            is_operator=identity is not None and identity.role >= Role.OPERATOR,
            csrf=csrf_token(request) if identity else None,
            glance=glance,
            now=utc_now(),
            style_digest=STYLE_DIGEST,
            version=__version__,
        )
    )
    return HTMLResponse(text, status, HEADERS)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "duration": duration,
        "age": age,
        "moment": moment,
        "words": words,
        "codes": codes,
    }
    environment.globals |= {"by_kind": by_kind, "most_chars": _MOST_CHARS, "place": "", "asked": ""}
    return environment


def number(value: int | None) -> str:
    """A number with its thousands apart; a dash for none."""
    return _NONE if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """A share as percent, rounded down, so that only all of them are 100 %."""
    if share is None:
        return _NONE
    return "100%" if share >= 1 else f"{int(share * 1000) / 10:.1f}%"


def duration(milliseconds: int | None) -> str:
    """A span of time in the unit that suits it."""
    if milliseconds is None:
        return _NONE
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else _span(seconds)


def age(then: datetime | None, now: datetime) -> str:
    """How long ago a moment in UTC was, in its greatest unit."""
    if then is None:
        return _NONE
    if then.tzinfo is not None:
        then = then.astimezone(UTC).replace(tzinfo=None)
    return _span(max(0.0, (now - then).total_seconds()))


def moment(then: datetime | None) -> str:
    """A moment in UTC to the second."""
    return _NONE if then is None else f"{then:%Y-%m-%d %H:%M:%S}"


def words(name: str) -> str:
    """A name of the warehouse as words."""
    return name.replace("_", " ")


def codes(text: str) -> Markup:
    """A sentence with what stands in backticks as code."""
    code = Markup("<code>{}</code>")
    # what stood in backticks is every other part; joining escapes the rest
    parts = enumerate(_CODE.split(text))
    return Markup("").join(code.format(part) if place % 2 else part for place, part in parts)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return f"{int(seconds)} s"
