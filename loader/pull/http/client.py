"""Asks an API for one page: with retries, within bounds, and of declared hosts only."""

import logging
import time
from dataclasses import dataclass

import httpx
import stamina
import stamina.instrumentation

from loader.config.http import HttpSettings
from loader.pull.http.answer import AnswerRefused, content_of
from loader.pull.http.body import Body, NoItems
from loader.pull.http.connection import Connection
from loader.pull.http.endpoint import Endpoint, Refused, parsed
from loader.pull.http.errors import PageRejected, PullFailed, TransientError
from loader.pull.http.tokens import Tokens
from loader.readers import UnreadableFile

log = logging.getLogger(__name__)

_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Page:
    """One page of an API.

    url:     where it came from in the end, without credentials.
    items:   each as it stood in the body.
    links:   its headers Link.
    is_none: the API says that it has nothing there, so the body tells nothing either.
    """

    url: httpx.URL
    body: Body
    items: list[str]
    links: tuple[str, ...] = ()
    is_none: bool = False


def no_page(url: httpx.URL, links: tuple[str, ...] = ()) -> Page:
    """What stands for a page that an API does not have."""
    return Page(url, Body("null"), [], links, is_none=True)


class Client:
    """Asks for pages, one after the other.   failures: requests that met a transient error."""

    def __init__(self, source: str, endpoint: Endpoint, settings: HttpSettings) -> None:
        self.failures = 0
        self._source = source
        self._where = f"source '{source}'"
        self._endpoint = endpoint
        self._settings = settings
        self._seconds_left = settings.retries.seconds
        self._connection = Connection(self._where, settings, endpoint.secrets)
        self._tokens = (
            Tokens(settings.auth.oauth, endpoint, endpoint.oauth, self._connection)
            if settings.auth and settings.auth.oauth and endpoint.oauth
            else None
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._connection.requests

    def page(self, url: httpx.URL, name: str) -> Page:
        """The page at `url`; `name` is what errors call it. Raises PullFailed."""
        retries = self._settings.retries
        began = tried = time.monotonic()
        attempts = 0
        stamina.instrumentation.set_on_retry_hooks([_log_retry])
        try:
            for attempt in stamina.retry_context(
                on=self._wait_after,
                attempts=retries.attempts if self._seconds_left > 0 else 1,
                timeout=max(self._seconds_left, 0.001),
                wait_initial=retries.first_wait,
                wait_jitter=retries.first_wait,
                wait_max=retries.longest_wait,
            ):
                with attempt:
                    tried, attempts = time.monotonic(), attempt.num
                    return self._once(url, name)
        except TransientError as error:
            raise self._failed(
                f"{error}, at {'the only attempt' if attempts == 1 else f'{attempts} attempts'}",
                "Run the same `hub pull` again when the API is well: it continues here.",
            ) from error
        finally:
            # what the last attempt took is no retry
            self._seconds_left -= tried - began
        raise AssertionError("a retry ends in a page or in an error")

    def _wait_after(self, error: Exception) -> bool | float:
        """Whether to try again after an error, or the seconds to wait before that."""
        if not isinstance(error, TransientError):
            return False
        self.failures += 1
        if error.wait is None:
            return True
        wait = min(error.wait, self._settings.retries.longest_wait)
        return wait if wait <= self._seconds_left else False

    def _once(self, url: httpx.URL, name: str) -> Page:
        try:
            return self._followed(url, name)
        except PageRejected as error:
            if self._tokens is None or error.status != 401:
                raise
            # it may have been taken back before its time
            log.info("%s: the token is refused, another one is fetched", self._source)
            self._tokens.forget()
            return self._followed(url, name)

    def _followed(self, url: httpx.URL, name: str) -> Page:
        """The page at `url`, or where that leads to."""
        came_from = None
        for _ in range(_MOST_REDIRECTS + 1):
            shown = f"{name} ({self._endpoint.shown(url)})"
            try:
                self._endpoint.check(url, came_from)
            except Refused as error:
                raise self._failed(
                    f"{name}: the API leads where it must not: {error}",
                    "Add the host to allowed_hosts if it is right.",
                ) from error
            if self._tokens and self._endpoint.gets_secret(url):
                self._tokens.refresh()
            sent_url, headers = self._endpoint.signed(url)
            log.debug("%s: asking for %s", self._source, shown)
            with (
                self._connection.telling(shown),
                self._connection.stream("GET", sent_url, headers) as response,
            ):
                if not response.has_redirect_location:
                    return self._read(response, self._endpoint.unsigned(url), shown)
                came_from, url = url, self._target(response, url, name)
        raise self._failed(
            f"{name}: more than {_MOST_REDIRECTS} redirects",
            "Correct the url, or ask the API's owner.",
        )

    def _target(self, response: httpx.Response, url: httpx.URL, name: str) -> httpx.URL:
        try:
            return self._endpoint.unsigned(parsed(response.headers["location"], url))
        except Refused as error:
            raise self._failed(
                f"{name}: a redirect to {error}", "Correct the url, or ask the API's owner."
            ) from error

    def _read(self, response: httpx.Response, url: httpx.URL, shown: str) -> Page:
        self._check_status(response, shown)
        links = tuple(response.headers.get_list("link"))
        if response.status_code == 204:
            return no_page(url, links)
        settings = self._settings
        try:
            content = content_of(response, settings.limits)
            body = Body.of(content, response.charset_encoding)
            may_lack = settings.missing_items == "empty"
            return Page(url, body, body.items(settings.items, may_lack=may_lack), links)
        except UnreadableFile as error:
            # cut on the way, or the words of a proxy, more often than not
            raise TransientError(
                f"{shown}: the answer is no whole JSON ({self._kind(response)}{error.reason})"
            ) from error
        except TransientError as error:
            raise TransientError(f"{shown}: {error}") from error
        except AnswerRefused as error:
            told = self._endpoint.redact(str(error))
            raise self._failed(f"{shown}: {told}", error.remedy) from error
        except NoItems as error:
            raise self._failed(
                f"{shown}: {error}",
                "Correct `items` in the source's YAML, or say `missing_items: empty` where the API "
                "leaves an empty list out.",
            ) from error

    def _kind(self, response: httpx.Response) -> str:
        """What the answer is said to be, in front of what it is not."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return f"{self._endpoint.redact(kind)}, " if kind else ""

    def _check_status(self, response: httpx.Response, shown: str) -> None:
        status = response.status_code
        if status in (200, 204):
            return
        self._connection.raise_if_transient(response, shown)
        if status == 206:
            raise self._failed(
                f"{shown}: the API sends a part of the answer (status 206), though all of it was "
                "asked for",
                "Ask the API's owner.",
            )
        raise PageRejected(
            self._where,
            f"{shown}: the API refuses with status {status}",
            self._remedy(status),
            status,
        )

    def _remedy(self, status: int) -> str:
        auth = self._endpoint.auth
        if status not in (401, 403):
            return "Correct the url and its parameters, or ask the API's owner."
        if auth is None:
            return "Declare `auth`."
        if auth.oauth:
            return f"Check the scope, and the secret in {auth.oauth.client_secret_from}."
        return f"Check the secret in {auth.variable}."

    def _failed(self, what: str, remedy: str) -> PullFailed:
        return PullFailed(self._where, what, remedy)


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    # the library's own line would show the error as an object, and go around the hub's log
    log.info("%s; trying again in %.1f s", details.caused_by, details.wait_for)
