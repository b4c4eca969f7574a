"""Who looks at the page: a token entered once, kept in a cookie that no script can read, and proof
that a form was sent from here."""

import hmac
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from hub.serve.access import COOKIE, Identity, Role, identify
from hub.serve.problems import Refused

_CSRF_FIELD = "csrf"
_FORM = "application/x-www-form-urlencoded"
_MOST_FORM_BYTES = 16_384
_MOST_FIELDS = 20


class SignInFirst(Exception):
    """Nobody has signed in yet: ask for a token, then go on where they were."""


def visitor(role: Role) -> Callable[[Request], Identity]:
    """A dependency for pages that are read: who looks, with this role or a higher one. Raises
    SignInFirst."""

    def identified(request: Request) -> Identity:
        # asking without a token is no attempt to get in
        if COOKIE not in request.cookies and "authorization" not in request.headers:
            raise SignInFirst
        return _identify(request, role)

    return identified


def _identify(request: Request, role: Role) -> Identity:
    try:
        return identify(request, role, cookie_may_write=True)
    except Refused as refused:
        if refused.status == 401:
            raise SignInFirst from refused
        raise


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent from this page. Raises Refused where it came from another
    one, or is none."""
    _refuse_other_pages(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(415, "Unsupported Media Type", f"send a form as {_FORM}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_FORM_BYTES:
            raise Refused(
                413, "Content Too Large", f"a form has {_MOST_FORM_BYTES:,} bytes at most"
            )
    try:
        return dict(
            parse_qsl(
                body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
            )
        )
    except ValueError as error:
        raise Refused(400, "Bad Request", "the form cannot be read") from error


Form = Annotated[dict[str, str], Depends(form)]


def sender(role: Role) -> Callable[[Request, dict[str, str]], Identity]:
    """A dependency for forms that write: who sent it, with this role or a higher one.

    The form must have the proof that the page put into it: Refused with 403 without.
    """

    def identified(request: Request, fields: Form) -> Identity:
        identity = _identify(request, role)
        given = fields.get(_CSRF_FIELD, "")
        if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
            raise Refused(
                403, "Forbidden", "the form is not from this session: go back, reload, send again"
            )
        return identity

    return identified


def csrf_token(request: Request) -> str:
    """What a form must bring along to show that this server gave it to whoever is signed in; of no
    use with another token."""
    token = request.cookies.get(COOKIE, "")
    secret: str = request.app.state.settings.secret_key
    return hmac.digest(secret.encode(), b"form\0" + token.encode(), "sha256").hex()


def keep_token(request: Request, response: Response, token: str, seconds: int) -> None:
    """Keep a token in the browser for so long."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def forget_token(request: Request, response: Response) -> None:
    """Let the browser forget the token."""
    response.delete_cookie(
        COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def to_sign_in(request: Request) -> RedirectResponse:
    """Where somebody signs in, to come back afterwards to what they asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = f"?next={quote(asked, safe='')}" if request.method == "GET" and asked != "/" else ""
    return RedirectResponse(f"/sign-in{wanted}", 303)


def own_path(address: str) -> str:
    """The path and query of an address if it is one of the pages, else `/`."""
    parts = urlsplit(address)
    is_plain = address.isascii() and address.isprintable() and "\\" not in address
    is_page = parts.path == "/" or parts.path.startswith("/page/")
    if not is_plain or not is_page or parts.scheme or parts.netloc:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _refuse_other_pages(request: Request) -> None:
    """Raise Refused where a browser says that another site's page sent the request."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_foreign = site not in ("same-origin", "none")
    else:
        is_foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if is_foreign:
        raise Refused(403, "Forbidden", "the form was sent by a page of another site")
