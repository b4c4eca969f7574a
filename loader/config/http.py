"""The settings of a source that is pulled from an HTTP API, under `meta: http` in its YAML.

Only their form is looked at here, so that a command that pulls nothing needs no variable of the
environment; loader.pull.http.endpoint puts in what the environment says.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from loader.config.reading import Refused, Secret, Settings
from loader.config.values import (
    Amount,
    Count,
    HeaderName,
    Hosts,
    KeyPath,
    Positive,
    Text,
    Url,
    VariableName,
)

_OVERLAP_SECONDS = 3600.0


class PageNumbers(Settings, frozen=True, tag_field="kind", tag="page"):
    """Pages have numbers: the API is asked for one after the other until one is empty.

    parameter, size_parameter: query parameters for the page's number and its size in items.
    has_more, total: where the body says whether there are more pages, or how many items in all.
    """

    parameter: Text = Text("page")
    start: Annotated[int, Meta(ge=0)] = 1
    size_parameter: Text | None = None
    size: Count = 100
    has_more: KeyPath | None = None
    total: KeyPath | None = None


class Offset(Settings, frozen=True, tag_field="kind", tag="offset"):
    """Pages have the place of their first item: the API is asked for the items behind those that
    came, until there are none.

    parameter, size_parameter: query parameters for the place and for how many items to give.
    has_more, total: as for PageNumbers.
    """

    parameter: Text = Text("offset")
    start: Annotated[int, Meta(ge=0)] = 0
    size_parameter: Text | None = Text("limit")
    size: Count = 100
    has_more: KeyPath | None = None
    total: KeyPath | None = None


class Cursor(Settings, frozen=True, tag_field="kind", tag="cursor"):
    """The body names the next page: what stands at `path` goes into the query parameter."""

    path: KeyPath
    parameter: Text = Text("cursor")


class Link(Settings, frozen=True, tag_field="kind", tag="link"):
    """The next page has an address: in the header Link (RFC 8288), or in the body at `path`."""

    path: KeyPath | None = None


Counted = PageNumbers | Offset
Pagination = PageNumbers | Offset | Cursor | Link


class OAuth(Settings, frozen=True):
    """An OAuth 2.0 client that gets its tokens by its own credentials (RFC 6749, section 4.4).

    token_url:   may name variables of the environment, as `url`.
    client_id_from, client_secret_from: the variables of the environment that hold them.
    client_auth: whether they go in the header Authorization (basic) or in the form (body).
    parameters:  what else the form says, such as an audience.
    """

    token_url: Url
    client_id_from: VariableName
    client_secret_from: VariableName
    scope: Text | None = None
    client_auth: Literal["basic", "body"] = "basic"
    parameters: Annotated[dict[str, Annotated[Text, Secret]], Secret] = field(default_factory=dict)


class Auth(Settings, frozen=True):
    """A secret that goes with each request, in a header or in a query parameter; or a token.

    variable: the variable of the environment that holds it, as `value_from`.
    prefix:   what stands before it in the header.
    hosts:    hosts that get it besides that of the url.
    oauth:    who fetches the token that goes in the header Authorization.
    """

    variable: VariableName | None = field(name="value_from", default=None)
    header: HeaderName | None = None
    parameter: Annotated[Text, Secret] | None = None
    prefix: Annotated[str, Secret] = ""
    hosts: Hosts = Hosts()
    oauth: Annotated[OAuth, Secret] | None = None

    def __post_init__(self) -> None:
        if self.oauth:
            if self.variable or self.header or self.parameter or self.prefix:
                raise Refused(
                    "with `oauth`, the secret and its place are not declared",
                    "Take out everything but oauth and hosts, or take oauth out.",
                )
            return
        if self.variable is None:
            raise Refused("it is missing", VariableName.remedy, at=("value_from",))
        if (self.header is None) == (self.parameter is None):
            raise Refused("it needs either header or parameter", "Say where the secret goes, once.")


class Since(Settings, frozen=True):
    """Only what is newer than last time is asked for.

    parameter: the query parameter.   field: where the value stands in an item.
    overlap:   how far to reach back: seconds for kind timestamp, units for kind number.
    start:     what to ask for the first time; None: without the parameter.
    """

    parameter: Text
    field: KeyPath
    kind: Literal["timestamp", "number"] = "timestamp"
    overlap: Amount | None = None
    start: Text | None = None

    @property
    def reach(self) -> float:
        """How far to reach back: the overlap, by default an hour, or no unit."""
        if self.overlap is not None:
            return self.overlap
        return _OVERLAP_SECONDS if self.kind == "timestamp" else 0.0


class WindowSettings(Settings, frozen=True):
    """How the API is asked for a window of time.

    since, until: the query parameters for its beginning and its end.
    format:    how they are written: as 2025-01-15T07:00:00Z, as a date of the source's time zone,
               in seconds or milliseconds since 1970.
    inclusive: whether the API counts the end itself.
    """

    since: Text
    until: Text
    format: Literal["timestamp", "date", "seconds", "milliseconds"] = "timestamp"
    inclusive: bool = False

    def __post_init__(self) -> None:
        if self.since == self.until:
            raise Refused(
                "since and until are the same parameter",
                "Say by which parameters the API takes the beginning and the end.",
            )


class Retries(Settings, frozen=True):
    """How long a request that fails is tried again. Waits are in seconds.

    attempts: requests for one page.   seconds: spent on failures, in the whole pull.
    """

    attempts: Count = 6
    seconds: Amount = 300
    first_wait: Amount = 0.5
    longest_wait: Amount = 60


class Limits(Settings, frozen=True):
    """What a pull never exceeds: bytes and seconds of a page, pages of a pull."""

    page_bytes: Count = 32 << 20
    page_seconds: Positive = 120
    pages: Count = 1000


class HttpSettings(Settings, frozen=True):
    """How a source is pulled.

    url:     may name variables of the environment as ${NAME} or ${NAME:-default}.
    items:   where in the body the array of items stands; [] for a body that is the array.
    missing_items: what a body without it is: an error, or a page that is empty.
    timeout: seconds to wait for a connection, and for the next bytes of an answer.
    requests_per_second: at most; None for no limit.
    """

    url: Url
    items: KeyPath = KeyPath()
    missing_items: Literal["error", "empty"] = "error"
    parameters: Annotated[dict[str, Annotated[Text, Secret]], Secret] = field(default_factory=dict)
    pagination: Pagination | None = None
    auth: Annotated[Auth, Secret] | None = None
    since: Since | None = None
    window: WindowSettings | None = None
    allowed_hosts: Hosts = Hosts()
    requests_per_second: Positive | None = None
    timeout: Positive = 10
    retries: Retries = Retries()
    limits: Limits = Limits()
