"""Fetches the token of an OAuth 2.0 client (RFC 6749, section 4.4), and keeps it while it lasts.

It is kept in memory only: a pull that begins later fetches another one.
"""

import json
import re
import time
from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

import httpx

from loader.config.http import Limits, OAuth
from loader.pull.http.answer import AnswerRefused, content_of
from loader.pull.http.connection import Connection
from loader.pull.http.endpoint import Endpoint, OAuthClient
from loader.pull.http.errors import PullFailed, TransientError

# A token is renewed a little before it expires, as an answer takes time.
_MARGIN_SECONDS = 30.0
_MARGIN_SHARE = 0.1
_MOST_BYTES = 1 << 20
# an error of the standard, such as invalid_client: no other text of an answer is shown
_CODE = re.compile(r"[a-z_]{1,40}")


class Tokens:
    """The tokens of one client, one after the other."""

    def __init__(
        self, settings: OAuth, endpoint: Endpoint, client: OAuthClient, connection: Connection
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._client = client
        self._connection = connection
        self._expires_at = float("-inf")

    def refresh(self) -> None:
        """Let a token that lasts go with the requests; fetch one where there is none.

        Raises PullFailed where it is refused, and TransientError.
        """
        if time.monotonic() < self._expires_at:
            return
        began = time.monotonic()
        found = self._fetched()
        token, kind = found.get("access_token"), found.get("token_type", "Bearer")
        if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):
            raise self._failed("the answer has no access_token that can be sent")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._failed("the token is of another type than Bearer")
        self._endpoint.secrets.send(token)
        lasts = _seconds(found.get("expires_in"))
        self._expires_at = began + lasts - min(_MARGIN_SECONDS, _MARGIN_SHARE * lasts)

    def forget(self) -> None:
        """Fetch another token for the next request: this one was refused."""
        self._expires_at = float("-inf")

    def _fetched(self) -> dict[str, Any]:
        url, shown = self._client.url, self._shown
        form, headers = self._request()
        with (
            self._connection.telling(shown),
            self._connection.stream("POST", url, headers, form) as response,
        ):
            self._check_status(response)
            try:
                content = content_of(response, Limits(page_bytes=_MOST_BYTES))
            except AnswerRefused as error:
                raise self._failed(str(error)) from error
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise TransientError(f"{shown}: the answer is no JSON") from error
        if not isinstance(found, dict):
            raise self._failed("the answer is no object")
        return found

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        """The form and the headers of a request for a token."""
        form = {"grant_type": "client_credentials", **self._settings.parameters}
        if self._settings.scope:
            form["scope"] = str(self._settings.scope)
        client = self._client
        if self._settings.client_auth == "body":
            return form | {"client_id": client.name, "client_secret": client.secret}, {}
        # the standard wants both parts encoded as in a form (RFC 6749, section 2.3.1)
        pair = f"{quote_plus(client.name)}:{quote_plus(client.secret)}"
        encoded = b64encode(pair.encode()).decode("ascii")
        self._endpoint.secrets.others.add(encoded)
        return form, {"Authorization": f"Basic {encoded}"}

    def _check_status(self, response: httpx.Response) -> None:
        if response.status_code == 200:
            return
        self._connection.raise_if_transient(response, self._shown)
        told = f"it refuses with status {response.status_code}"
        if code := _code_of(response):
            told += f" ({self._endpoint.redact(code)})"
        raise self._failed(told)

    def _failed(self, what: str) -> PullFailed:
        settings = self._settings
        return PullFailed(
            self._connection.where,
            f"{self._shown}: {what}",
            f"Check token_url and scope, and the values of {settings.client_id_from} and "
            f"{settings.client_secret_from}.",
        )

    @property
    def _shown(self) -> str:
        return f"token ({self._endpoint.shown(self._client.url)})"


def _seconds(expires_in: Any) -> float:
    """How long a token lasts: where the answer does not say, until it is refused."""
    try:
        return max(0.0, float(expires_in))
    except (TypeError, ValueError, OverflowError):
        return float("inf")


def _code_of(response: httpx.Response) -> str | None:
    try:
        found = json.loads(content_of(response, Limits(page_bytes=_MOST_BYTES)))
    except (AnswerRefused, TransientError, ValueError, RecursionError):
        return None
    code = found.get("error") if isinstance(found, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
