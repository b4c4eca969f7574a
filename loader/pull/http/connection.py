"""Sends requests, no faster than allowed, and says in plain words what went wrong on the way."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from loader import __version__
from loader.config.http import HttpSettings
from loader.errors import WrongUse
from loader.pull.http.answer import ACCEPTED, seconds_to_wait
from loader.pull.http.errors import PullFailed, TransientError
from loader.pull.http.secrets import Secrets
from loader.tracing import note, span

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPTED,
    "User-Agent": f"data-integration-hub/{__version__}",
}
_TRANSIENT = (408, 425, 429)


class Connection:
    """The client of HTTP for one source.

    where: the source, for errors.   requests: sent so far.
    Raises WrongUse where the environment has certificates or proxies that cannot be used.
    """

    def __init__(self, where: str, settings: HttpSettings, secrets: Secrets) -> None:
        self.where = where
        self.requests = 0
        self._settings = settings
        self._secrets = secrets
        self._free_at = 0.0
        try:
            self._http = httpx.Client(headers=_HEADERS, timeout=settings.timeout)
        except (OSError, ValueError, httpx.InvalidURL) as error:
            # its text is not shown: the address of a proxy may hold a password
            raise WrongUse(
                where,
                "the environment's certificates or proxies cannot be used",
                "Correct SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY and HTTP_PROXY.",
            ) from error

    def close(self) -> None:
        """Close what is open to hosts."""
        self._http.close()

    @contextmanager
    def stream(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """The answer to a request, whose body is to be read inside the block."""
        self._keep_to_rate()
        self.requests += 1
        # a cookie may stand for a secret, and would be sent wherever its host says
        self._http.cookies.clear()
        with (
            span(method, http__request__method=method, server__address=url.host),
            self._http.stream(method, url, headers=headers, data=form) as response,
        ):
            note(http__response__status_code=response.status_code)
            yield response

    @contextmanager
    def telling(self, shown: str) -> Iterator[None]:
        """Turn what goes wrong on the way to `shown` into a TransientError, or PullFailed for a
        certificate that will not be another one the next time."""
        try:
            yield
        except httpx.TransportError as error:
            if fault := _certificate_fault(error):
                raise PullFailed(
                    self.where,
                    f"{shown}: its certificate cannot be trusted ({fault})",
                    "Correct the url; for an authority of your own, let SSL_CERT_FILE name its "
                    "certificate.",
                ) from error
            raise TransientError(f"{shown}: {self._told(error)}") from error

    def raise_if_transient(self, response: httpx.Response, shown: str) -> None:
        """Raise TransientError for a status that says: not now."""
        status = response.status_code
        if status in _TRANSIENT or status >= 500:
            wait = seconds_to_wait(response.headers.get("retry-after"), datetime.now(UTC))
            raise TransientError(f"{shown}: status {status}", wait)

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
            return f"no connection ({self._secrets.redact(str(error))})"
        return "the connection broke off"


def _certificate_fault(error: BaseException | None) -> str | None:
    """Why a certificate is not trusted; None where it is not to blame."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        error = error.__cause__ or error.__context__
    return None
