"""Signing in and out, and the page's style."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from hub.serve.access import Identity, InvalidToken, Role, read_token
from hub.serve.page.render import STYLE, STYLE_DIGEST, page
from hub.serve.page.route import PageRoute
from hub.serve.page.session import Form, forget_token, keep_token, own_path, sender

router = APIRouter(route_class=PageRoute)

_A_YEAR = 365 * 86_400


@router.get("/sign-in")
def sign_in_form(request: Request, next: Annotated[str, Query(max_length=4096)] = "/") -> Response:
    """The form that asks for a token. next: where to go then."""
    return page(request, None, "sign_in.html", {"next": own_path(next), "refused": None})


@router.post("/sign-in")
def sign_in(request: Request, fields: Form) -> Response:
    """Keep a token that passes. Raises Refused with 429 after many that do not."""
    token, wanted = fields.get("token", "").strip(), own_path(fields.get("next", "/"))
    try:
        identity = read_token(request.app.state.settings.secret_key, token)
    except InvalidToken:
        request.app.state.failures.take(request.client.host if request.client else "-")
        refused = "Invalid token: it is mistyped, expired, or of another server."
        return page(request, None, "sign_in.html", {"next": wanted, "refused": refused}, 401)
    if identity.role < Role.READER:
        refused = "This token may only fetch metrics: ask for one with the role reader."
        return page(request, None, "sign_in.html", {"next": wanted, "refused": refused}, 403)
    response = RedirectResponse(wanted, 303)
    keep_token(request, response, token, min(_A_YEAR, int(identity.expires_at - time.time())))
    return response


@router.post("/sign-out")
def sign_out(request: Request, _: Annotated[Identity, Depends(sender(Role.READER))]) -> Response:
    """Forget the token."""
    response = RedirectResponse("/sign-in", 303)
    forget_token(request, response)
    return response


@router.get(f"/page/style-{STYLE_DIGEST}.css")
def style() -> Response:
    """The style sheet; its address changes with it."""
    return Response(
        STYLE,
        media_type="text/css",
        headers={
            "Cache-Control": f"public, max-age={_A_YEAR}, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )
