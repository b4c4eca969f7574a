"""Asks an API for one page: with retries, within bounds, and of declared hosts only."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import stamina
import stamina.instrumentation

from loader import __version__
from loader.config.http import HttpSettings
from loader.errors import HubError
from loader.pull.http.body import Body, NoItems
from loader.pull.http.endpoint import Endpoint, Refused, parsed
from loader.readers import UnreadableFile

log = logging.getLogger(__name__)

_HEADERS = {
    "Accept": "application/json",
    # some bytes of other encodings can stand for gigabytes
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": f"data-integration-hub/{__version__}",
}
_ENCODINGS = ("", "identity", "gzip", "deflate")
_TRANSIENT = (408, 425, 429)
_MOST_REDIRECTS = 5


class PullFailed(HubError):
    """A pull cannot go on. What was pulled before stays, and the next pull continues there."""


class PageRejected(PullFailed):
    """The API refuses to give a page.   status: of its answer."""

    def __init__(self, where: str, what: str, remedy: str, status: int) -> None:
        super().__init__(where, what, remedy)
        self.status = status


class _TransientError(Exception):
    """A transient error: the request is tried again.

    wait: the seconds that the API asks to wait, if it does.
    """

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True)
class Page:
    """One page of an API.

    url:       where it came from in the end, without credentials.
    items:     each as it stood in the body.
    next_link: what its header calls the next page.
    """

    url: httpx.URL
    body: Body
    items: list[str]
    next_link: str | None = None


class Client:
    """Asks for pages, one after the other.

    requests: asked so far.   failures: those of them that met a transient error.
    """

    def __init__(self, source: str, endpoint: Endpoint, settings: HttpSettings) -> None:
        self.requests = 0
        self.failures = 0
        self._source = source
        self._endpoint = endpoint
        self._settings = settings
        self._seconds_left = settings.retries.seconds
        self._free_at = 0.0
        self._http = httpx.Client(headers=_HEADERS, timeout=settings.timeout)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

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
        except _TransientError as error:
            raise self._failed(
                f"{error}, at {'the only attempt' if attempts == 1 else f'{attempts} attempts'}",
                f"Run `hub pull {self._source}` again when the API is well: it continues here.",
            ) from error
        finally:
            # what the last attempt took is no retry
            self._seconds_left -= tried - began
        raise AssertionError("a retry ends in a page or in an error")

    def _wait_after(self, error: Exception) -> bool | float:
        """Whether to try again after an error, or the seconds to wait before that."""
        if not isinstance(error, _TransientError):
            return False
        self.failures += 1
        if error.wait is None:
            return True
        wait = min(error.wait, self._settings.retries.longest_wait)
        return wait if wait <= self._seconds_left else False

    def _once(self, url: httpx.URL, name: str) -> Page:
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
            sent_url, headers = self._endpoint.signed(url)
            self._keep_to_rate()
            self.requests += 1
            log.debug("%s: asking for %s", self._source, shown)
            try:
                with self._http.stream("GET", sent_url, headers=headers) as response:
                    if not response.has_redirect_location:
                        return self._read(response, self._endpoint.unsigned(url), shown)
                    came_from, url = url, self._target(response, url, name)
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _TransientError(f"{shown}: {self._told(error)}") from error
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
        link = next(
            (
                link["url"]
                for relation, link in response.links.items()
                if "next" in (relation or "").lower().split()
            ),
            None,
        )
        if response.status_code == 204:
            return Page(url, Body("null"), [], link)
        self._check_kind(response, shown)
        content = self._content(response, shown)
        try:
            body = Body.of(content, response.charset_encoding)
            return Page(url, body, body.items(self._settings.items), link)
        except UnreadableFile as error:
            # cut on the way, more often than not
            raise _TransientError(
                f"{shown}: the answer is no whole JSON ({error.reason})"
            ) from error
        except NoItems as error:
            raise self._failed(
                f"{shown}: {error}", "Correct `items` in the source's YAML."
            ) from error

    def _check_status(self, response: httpx.Response, shown: str) -> None:
        status = response.status_code
        if status in (200, 204):
            return
        if status in _TRANSIENT or status >= 500:
            wait = seconds_to_wait(response.headers.get("retry-after"), datetime.now(UTC))
            raise _TransientError(f"{shown}: status {status}", wait)
        auth = self._endpoint.auth
        remedy = "Correct the url and its parameters, or ask the API's owner."
        if status in (401, 403):
            remedy = f"Check the secret in {auth.variable}." if auth else "Declare `auth`."
        raise PageRejected(
            self._where, f"{shown}: the API refuses with status {status}", remedy, status
        )

    def _check_kind(self, response: httpx.Response, shown: str) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and not (kind.endswith(("/json", "+json"))):
            told = self._endpoint.redact(kind)
            raise _TransientError(f"{shown}: the answer is {told!r}, not JSON")
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in _ENCODINGS:
            told = self._endpoint.redact(encoding)
            raise self._failed(
                f"{shown}: the answer is encoded as {told!r}, which was not asked for",
                "Ask the API's owner for gzip, or for no encoding.",
            )

    def _content(self, response: httpx.Response, shown: str) -> bytes:
        limits = self._settings.limits
        deadline = time.monotonic() + limits.page_seconds
        pieces = []
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > limits.page_bytes:
                raise self._failed(
                    f"{shown}: the page has more than {limits.page_bytes:,} bytes",
                    "Ask for smaller pages, or raise page_bytes under `limits`.",
                )
            if time.monotonic() > deadline:
                raise _TransientError(f"{shown}: not whole after {limits.page_seconds:g} s")
            pieces.append(piece)
        return b"".join(pieces)

    def _keep_to_rate(self) -> None:
        if self._settings.requests_per_second:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            self._free_at = time.monotonic() + 1 / self._settings.requests_per_second

    def _told(self, error: Exception) -> str:
        """What happened on the way, in words. Not all texts of httpx may be shown: some quote what
        was sent."""
        if isinstance(error, httpx.TimeoutException):
            return f"nothing for {self._settings.timeout:g} s"
        if isinstance(error, httpx.ConnectError):
            return f"no connection ({self._endpoint.redact(str(error))})"
        if isinstance(error, httpx.DecodingError):
            return "the answer cannot be decompressed"
        return "the connection broke off"

    def _failed(self, what: str, remedy: str) -> PullFailed:
        return PullFailed(self._where, what, remedy)

    @property
    def _where(self) -> str:
        return f"source '{self._source}'"


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date; None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    # the library's own line would show the error as an object, and go around the hub's log
    log.info("%s; trying again in %.1f s", details.caused_by, details.wait_for)
