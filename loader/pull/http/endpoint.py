"""Where a source is pulled from: its address, the hosts that may be asked, and its secret."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import httpx

from loader.config.environment import expanded, variable
from loader.config.http import Auth, HttpSettings
from loader.errors import WrongUse
from loader.logs import plain

_USUAL_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """An address that must not be asked; `str(error)` says why, and names no secret."""


@dataclass(frozen=True)
class Endpoint:
    """The address of an API, and what may be sent where.

    hosts: as `name`, or `name:port` for a port that is not the scheme's own.
    """

    url: httpx.URL
    hosts: frozenset[str]
    auth: Auth | None = None
    auth_hosts: frozenset[str] = frozenset()
    secret: str = field(default="", repr=False)

    def check(self, url: httpx.URL, came_from: httpx.URL | None = None) -> None:
        """Raise Refused unless `url`, to which `came_from` led, may be asked."""
        if url.scheme not in _USUAL_PORTS:
            raise Refused(f"the scheme of {self.shown(url)} is neither http nor https")
        if _host(url) not in self.hosts:
            raise Refused(f"the host {self.redact(_host(url))} is not declared")
        if came_from is not None and came_from.scheme == "https" and url.scheme == "http":
            raise Refused(f"{self.shown(url)} leaves https")
        if url.scheme == "http" and self._gets_secret(url) and not _is_loopback(url.host):
            raise Refused(f"{self.shown(url)} would get the secret unencrypted")

    def signed(self, url: httpx.URL) -> tuple[httpx.URL, dict[str, str]]:
        """`url` and the headers as they are to be sent: with the secret, where it may go."""
        url = self.unsigned(url)
        if self.auth is None or not self._gets_secret(url):
            return url, {}
        if self.auth.header is not None:
            return url, {self.auth.header: f"{self.auth.prefix}{self.secret}"}
        return url.copy_set_param(str(self.auth.parameter), self.secret), {}

    def unsigned(self, url: httpx.URL) -> httpx.URL:
        """`url` without credentials: an API may repeat in a link what it was sent."""
        url = url.copy_with(username=None, password=None, fragment=None)
        parameter = self.auth and self.auth.parameter
        # only where it is there: the rest of the query comes out spelled anew
        if parameter and parameter in url.params:
            url = url.copy_remove_param(parameter)
        return url

    def shown(self, url: httpx.URL) -> str:
        """`url` for people: nobody knows what a query may hold, so it is left out."""
        return self.redact(plain(f"{url.scheme}://{_host(url)}{url.path}"))

    def redact(self, text: str) -> str:
        """`text` with *** instead of the secret."""
        for form in _forms(self.secret):
            text = text.replace(form, "***")
        return text

    def holds_secret(self, text: str) -> bool:
        """Whether the secret stands in `text`."""
        return self.redact(text) != text

    def _gets_secret(self, url: httpx.URL) -> bool:
        return self.auth is not None and _host(url) in self.auth_hosts


def open_endpoint(settings: HttpSettings, where: str) -> Endpoint:
    """The endpoint with what the environment says put in.

    where: the source, for errors. Raises WrongUse for a variable that is missing or cannot be
    used, and for a url that is none, holds credentials, or would get the secret unencrypted.
    """
    url = _url(settings.url, f"{where}: http: url")
    own = {_host(url)}
    auth = settings.auth
    endpoint = Endpoint(
        url,
        frozenset({*own, *settings.allowed_hosts, *(auth.hosts if auth else ())}),
        auth,
        frozenset({*own, *auth.hosts}) if auth else frozenset(),
        _secret(auth, where) if auth else "",
    )
    try:
        endpoint.check(url)
    except Refused as error:
        raise WrongUse(f"{where}: http: url", str(error), "Use https.") from error
    return endpoint


def parsed(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """An address, relative to `base` if there is one. Raises Refused where it is none."""
    try:
        url = base.join(text) if base is not None else httpx.URL(text)
        if not url.is_absolute_url or not url.host:
            raise Refused("an address without a host")
        return url
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Refused("what should be an address is none") from error


def _url(template: str, where: str) -> httpx.URL:
    text = expanded(template, where)
    try:
        url = parsed(text)
    except Refused as error:
        raise WrongUse(where, str(error), "Write https://host/path.") from error
    if url.userinfo:
        raise WrongUse(where, "it holds credentials", "Take them out and use `auth`.")
    return url.copy_with(fragment=None)


def _secret(auth: Auth, where: str) -> str:
    secret = variable(auth.variable, f"{where}: http: auth")
    if not (secret.isascii() and secret.isprintable()):
        raise WrongUse(
            f"{where}: http: auth",
            f"the value of {auth.variable} has characters that cannot be sent",
            f"Set {auth.variable} to the bare secret, on one line.",
        )
    return secret


def _host(url: httpx.URL) -> str:
    host = url.host.lower()
    if url.port is None or url.port == _USUAL_PORTS.get(url.scheme):
        return host
    return f"{host}:{url.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _forms(secret: str) -> list[str]:
    """The secret as it may stand in a text: as it is, and in an address; the longest first."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)} - {""}
    return sorted(forms, key=len, reverse=True)
