"""Who may do what: tokens, roles, and the check that each route depends on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated

import jwt
from fastapi import Request, Security
from fastapi.security import HTTPBearer

from hub.serve.problems import Refused
from hub.serve.settings import secret_key
from loader.errors import WrongUse

log = logging.getLogger(__name__)

# The page keeps the token of whoever signed in here; it is taken for reads only, so that no other
# web page can write in their name.
COOKIE = "hub_token"
_ALGORITHM = "HS256"
_LONGEST_TOKEN = 4096
_LONGEST_SUBJECT = 200
_SAFE_METHODS = ("GET", "HEAD")

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="A token made by `hub token --role reader --days 30 --subject NAME`.",
)


class Role(IntEnum):
    """What a token allows; each role may do what those before it may."""

    SCRAPE = 1
    READER = 2
    OPERATOR = 3


@dataclass(frozen=True)
class Identity:
    """Who sent a request, as the token says.   expires_at: seconds since 1970."""

    subject: str
    role: Role
    expires_at: float


class InvalidToken(Exception):
    """A token that does not pass, for whatever reason: nobody is told which."""


def issue_token(secret: str, subject: str, role: Role, lifetime: timedelta) -> str:
    """A token for a subject, valid for so long from now."""
    now = datetime.now(UTC)
    claims = {"sub": subject, "role": role.name.lower(), "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, secret, _ALGORITHM)


def issue(subject: str, role: str, days: int) -> str:
    """A token of the role with this name, signed with SECRET_KEY. Raises WrongUse."""
    if not is_subject(subject):
        raise WrongUse(
            f"--subject {subject!r}",
            "it names nobody",
            f"Give a name of at most {_LONGEST_SUBJECT} printable characters.",
        )
    return issue_token(secret_key(), subject, Role[role.upper()], timedelta(days=days))


def is_subject(text: str) -> bool:
    """Whether a text can name somebody: printable, not blank, and not long."""
    return bool(text.strip()) and text.isprintable() and len(text) <= _LONGEST_SUBJECT


def read_token(secret: str, token: str) -> Identity:
    """Who a token was made for. Raises InvalidToken.

    The signature is compared in constant time, before anything that the token says is believed.
    """
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        raise InvalidToken
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={"require": ["sub", "role", "exp"], "verify_aud": False},
        )
        subject, role = claims["sub"], Role[claims["role"].upper()]
        expires_at = float(claims["exp"])
    # whatever a token makes the parser stumble over
    except Exception as error:
        raise InvalidToken from error
    if not is_subject(subject):
        raise InvalidToken
    return Identity(subject, role, expires_at)


def require(role: Role) -> Callable[..., Identity]:
    """A dependency that lets a request pass if its token has this role or a higher one.

    The token is in the header `Authorization: Bearer ...` or, for reads, in the page's cookie.
    """

    # the scheme stands in the signature for OpenAPI's sake
    def check(request: Request, _: Annotated[object, Security(bearer)]) -> Identity:
        return identify(request, role)

    return check


def identify(request: Request, role: Role, *, cookie_may_write: bool = False) -> Identity:
    """Who sent a request, with this role or a higher one. Raises Refused with 401 or 403, or 429
    after many refused tokens.

    cookie_may_write: take the cookie for more than reading, where the route keeps requests of other
    pages out by itself.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        takes_cookie = request.method in _SAFE_METHODS or cookie_may_write
        given = request.cookies.get(COOKIE, "") if takes_cookie else ""
    try:
        identity = read_token(request.app.state.settings.secret_key, given.strip())
    except InvalidToken:
        client = request.client.host if request.client else "-"
        request.app.state.failures.take(client)
        raise Refused(
            401,
            "Invalid token",
            "send the header Authorization: Bearer TOKEN, with a token of `hub token` "
            "that has not expired",
            {"WWW-Authenticate": 'Bearer realm="hub"'},
        ) from None
    if identity.role < role:
        raise Refused(
            403,
            "Forbidden",
            f"this needs the role {role.name.lower()}, and the token has "
            f"{identity.role.name.lower()}: ask for another token",
        )
    request.state.subject = identity.subject
    request.state.role = identity.role
    return identity
