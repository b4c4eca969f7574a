"""Where a source is pulled from: its address, the hosts that may be asked, and its secret."""

from dataclasses import dataclass, field

import httpx

from loader.config.environment import variable
from loader.config.http import Auth, HttpSettings
from loader.errors import WrongUse
from loader.logs import plain
from loader.pull.http.address import (
    USUAL_PORTS,
    Refused,
    configured_url,
    host_of,
    is_loopback,
    parsed,
)
from loader.pull.http.secrets import Secrets

__all__ = ["Endpoint", "OAuthClient", "Refused", "open_endpoint", "parsed"]


@dataclass(frozen=True)
class OAuthClient:
    """Who asks for a token, and where.   name, secret: of the client."""

    url: httpx.URL
    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Endpoint:
    """The address of an API, and what may be sent where.

    hosts: as `name`, or `name:port` for a port that is not the scheme's own.
    oauth: where the secret is a token that has to be fetched.
    """

    url: httpx.URL
    hosts: frozenset[str]
    auth: Auth | None = None
    auth_hosts: frozenset[str] = frozenset()
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    oauth: OAuthClient | None = None

    def check(self, url: httpx.URL, came_from: httpx.URL | None = None) -> None:
        """Raise Refused unless `url`, to which `came_from` led, may be asked."""
        if url.scheme not in USUAL_PORTS:
            raise Refused(f"the scheme of {self.shown(url)} is neither http nor https")
        if host_of(url) not in self.hosts:
            raise Refused(f"the host {self.redact(host_of(url))} is not declared")
        if came_from is not None and came_from.scheme == "https" and url.scheme == "http":
            raise Refused(f"{self.shown(url)} leaves https")
        if url.scheme == "http" and self.gets_secret(url) and not is_loopback(url.host):
            raise Refused(f"{self.shown(url)} would get the secret unencrypted")

    def signed(self, url: httpx.URL) -> tuple[httpx.URL, dict[str, str]]:
        """`url` and the headers as they are to be sent: with the secret, where it may go."""
        url = self.unsigned(url)
        if self.auth is None or not self.gets_secret(url):
            return url, {}
        if self.auth.parameter is not None:
            return url.copy_set_param(str(self.auth.parameter), self.secrets.sent), {}
        if self.oauth:
            return url, {"Authorization": f"Bearer {self.secrets.sent}"}
        return url, {str(self.auth.header): f"{self.auth.prefix}{self.secrets.sent}"}

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
        return self.redact(plain(f"{url.scheme}://{host_of(url)}{url.path}"))

    def redact(self, text: str) -> str:
        """`text` with *** instead of the secrets."""
        return self.secrets.redact(text)

    def gets_secret(self, url: httpx.URL) -> bool:
        """Whether the secret goes to the host of `url`."""
        return self.auth is not None and host_of(url) in self.auth_hosts


def open_endpoint(settings: HttpSettings, where: str) -> Endpoint:
    """The endpoint with what the environment says put in.

    where: the source, for errors. Raises WrongUse for a variable that is missing or cannot be
    used, and for a url that is none, holds credentials, or would get the secret unencrypted.
    """
    url = configured_url(settings.url, f"{where}: http: url")
    own = {host_of(url)}
    auth = settings.auth
    secrets = Secrets()
    if auth and auth.variable:
        secrets.send(_secret(auth.variable, f"{where}: http: auth"))
    endpoint = Endpoint(
        url,
        frozenset({*own, *settings.allowed_hosts, *(auth.hosts if auth else ())}),
        auth,
        frozenset({*own, *auth.hosts}) if auth else frozenset(),
        secrets,
        _oauth_client(auth, secrets, f"{where}: http: auth: oauth") if auth else None,
    )
    try:
        endpoint.check(url)
    except Refused as error:
        raise WrongUse(f"{where}: http: url", str(error), "Use https.") from error
    return endpoint


def _oauth_client(auth: Auth, secrets: Secrets, where: str) -> OAuthClient | None:
    if auth.oauth is None:
        return None
    url = configured_url(auth.oauth.token_url, f"{where}: token_url")
    if url.scheme != "https" and not is_loopback(url.host):
        raise WrongUse(
            f"{where}: token_url", "it would get the client's secret unencrypted", "Use https."
        )
    secret = _secret(auth.oauth.client_secret_from, where)
    secrets.others.add(secret)
    return OAuthClient(url, _secret(auth.oauth.client_id_from, where), secret)


def _secret(name: str, where: str) -> str:
    secret = variable(name, where)
    if not (secret.isascii() and secret.isprintable()):
        raise WrongUse(
            where,
            f"the value of {name} has characters that cannot be sent",
            f"Set {name} to the bare secret, on one line.",
        )
    return secret
