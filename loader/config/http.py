"""The settings of a source that is pulled from an HTTP API, under `meta: http` in its YAML.

Only their form is looked at here, so that a command that pulls nothing needs no variable of the
environment; endpoint.py puts in what the environment says.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from loader.config.yaml_files import mapping, one_of, only_known, positive
from loader.errors import WrongUse

KeyPath = tuple[str, ...]  # the keys that lead to a value inside a JSON object

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?")
_KEYS = (
    *("url", "items", "parameters", "pagination", "auth", "since", "allowed_hosts"),
    *("requests_per_second", "timeout", "retries", "limits"),
)
_PAGINATION_KEYS = {
    "page": ("kind", "parameter", "start", "size_parameter", "size", "has_more", "total"),
    "cursor": ("kind", "parameter", "path"),
    "link": ("kind", "path"),
}
_SINCE_KINDS = ("timestamp", "number")


@dataclass(frozen=True)
class PageNumbers:
    """Pages have numbers: the API is asked for one after the other until one is empty.

    parameter, size_parameter: query parameters for the page's number and its size in items.
    has_more, total: where the body says whether there are more pages, or how many items in all.
    """

    parameter: str = "page"
    start: int = 1
    size_parameter: str | None = None
    size: int = 100
    has_more: KeyPath | None = None
    total: KeyPath | None = None


@dataclass(frozen=True)
class Cursor:
    """The body names the next page: what stands at `path` goes into the query parameter."""

    path: KeyPath
    parameter: str = "cursor"


@dataclass(frozen=True)
class Link:
    """The next page has an address: in the header Link (RFC 8288), or in the body at `path`."""

    path: KeyPath | None = None


Pagination = PageNumbers | Cursor | Link


@dataclass(frozen=True)
class Auth:
    """A secret that goes with each request, in a header or in a query parameter.

    variable: the variable of the environment that holds it.
    hosts:    hosts that get it besides that of the url.
    """

    variable: str
    header: str | None = None
    parameter: str | None = None
    prefix: str = ""
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Since:
    """Only what is newer than last time is asked for.

    parameter: the query parameter.   field: where the value stands in an item.
    overlap:   how far to reach back: seconds for kind timestamp, units for kind number.
    start:     what to ask for the first time; None: without the parameter.
    """

    parameter: str
    field: KeyPath
    kind: str = "timestamp"
    overlap: float = 3600.0
    start: str | None = None


@dataclass(frozen=True)
class Retries:
    """How long a request that fails is tried again. Waits are in seconds.

    attempts: requests for one page.   seconds: spent on failures, in the whole pull.
    """

    attempts: int = 6
    seconds: float = 300
    first_wait: float = 0.5
    longest_wait: float = 60


@dataclass(frozen=True)
class Limits:
    """What a pull never exceeds: bytes and seconds of a page, pages of a pull."""

    page_bytes: int = 32 << 20
    page_seconds: float = 120
    pages: int = 1000


@dataclass(frozen=True)
class HttpSettings:
    """How a source is pulled.

    url:     may name variables of the environment as ${NAME} or ${NAME:-default}.
    items:   where in the body the array of items stands; () for a body that is the array.
    timeout: seconds to wait for a connection, and for the next bytes of an answer.
    requests_per_second: at most; None for no limit.
    """

    url: str
    items: KeyPath = ()
    parameters: dict[str, str] = field(default_factory=dict)
    pagination: Pagination | None = None
    auth: Auth | None = None
    since: Since | None = None
    allowed_hosts: tuple[str, ...] = ()
    requests_per_second: float | None = None
    timeout: float = 10
    retries: Retries = Retries()
    limits: Limits = Limits()


def read_http(meta: dict[str, Any], where: str) -> HttpSettings | None:
    """The settings under `http` in the `meta` of a source; None for a source without.

    where: the place of `meta`, for errors. Raises WrongUse.
    """
    if meta.get("http") is None:
        return None
    given = mapping(meta["http"], f"{where}: http")
    where = f"{where}: http"
    only_known(given, _KEYS, where)
    _check_format(meta.get("format"), where)
    rate = given.get("requests_per_second")
    return HttpSettings(
        url=_url(given.get("url"), f"{where}: url"),
        items=_path(given.get("items", []), f"{where}: items"),
        parameters={
            str(name): _text(value, f"{where}: parameters: {name}")
            for name, value in mapping(given.get("parameters"), f"{where}: parameters").items()
        },
        pagination=_pagination(given.get("pagination"), f"{where}: pagination"),
        auth=_auth(given.get("auth"), f"{where}: auth"),
        since=_since(given.get("since"), f"{where}: since"),
        allowed_hosts=_hosts(given.get("allowed_hosts"), f"{where}: allowed_hosts"),
        requests_per_second=(
            None if rate is None else positive(rate, f"{where}: requests_per_second")
        ),
        timeout=positive(given.get("timeout", HttpSettings.timeout), f"{where}: timeout"),
        retries=_retries(given.get("retries"), f"{where}: retries"),
        limits=_limits(given.get("limits"), f"{where}: limits"),
    )


def _check_format(file_format: Any, where: str) -> None:
    if isinstance(file_format, dict) and {"kind", "encoding"} & set(file_format):
        raise WrongUse(
            where,
            "pages are written as NDJSON or JSON in UTF-8, but `format` declares the files' kind "
            "or encoding",
            "Take kind and encoding out of `format`.",
        )


def _url(value: Any, where: str) -> str:
    text = _text(value, where)
    if not text.startswith(("http://", "https://", "${")):
        # it is not shown: it could hold a password
        raise WrongUse(where, "it does not begin with http:// or https://", "Correct it.")
    return text


def _pagination(value: Any, where: str) -> Pagination | None:
    if value is None:
        return None
    given = mapping(value, where)
    kind = one_of(given.get("kind"), _PAGINATION_KEYS, f"{where}: kind")
    only_known(given, _PAGINATION_KEYS[kind], where)

    def path(key: str) -> KeyPath | None:
        return _path(given[key], f"{where}: {key}") if key in given else None

    if kind == "link":
        return Link(path("path"))
    if kind == "cursor":
        return Cursor(
            _path(given.get("path"), f"{where}: path"),
            _text(given.get("parameter", Cursor.parameter), f"{where}: parameter"),
        )
    size_parameter = given.get("size_parameter")
    return PageNumbers(
        parameter=_text(given.get("parameter", PageNumbers.parameter), f"{where}: parameter"),
        start=_count(given.get("start", PageNumbers.start), f"{where}: start", least=0),
        size_parameter=(
            None if size_parameter is None else _text(size_parameter, f"{where}: size_parameter")
        ),
        size=_count(given.get("size", PageNumbers.size), f"{where}: size"),
        has_more=path("has_more"),
        total=path("total"),
    )


def _auth(value: Any, where: str) -> Auth | None:
    if value is None:
        return None
    given = mapping(value, where)
    only_known(given, ("header", "parameter", "value_from", "prefix", "hosts"), where)
    variable = given.get("value_from")
    if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
        # it is not shown: it may be the secret itself
        raise WrongUse(
            f"{where}: value_from",
            "it is no name of a variable of the environment",
            "Name the variable that holds the secret, such as PARTNER_TOKEN; never write the "
            "secret itself.",
        )
    header, parameter = given.get("header"), given.get("parameter")
    if (header is None) == (parameter is None):
        raise WrongUse(
            where, "it needs either header or parameter", "Say where the secret goes, once."
        )
    if header is not None and not (isinstance(header, str) and _HEADER.fullmatch(header)):
        raise WrongUse(
            f"{where}: header", f"{header!r} is no name of a header", "Write Authorization."
        )
    return Auth(
        variable,
        header=header,
        parameter=None if parameter is None else _text(parameter, f"{where}: parameter"),
        prefix=str(given.get("prefix", "")),
        hosts=_hosts(given.get("hosts"), f"{where}: hosts"),
    )


def _since(value: Any, where: str) -> Since | None:
    if value is None:
        return None
    given = mapping(value, where)
    only_known(given, ("parameter", "field", "kind", "overlap", "start"), where)
    kind = one_of(given.get("kind", Since.kind), _SINCE_KINDS, f"{where}: kind")
    overlap = given.get("overlap", Since.overlap if kind == Since.kind else 0)
    start = given.get("start")
    return Since(
        _text(given.get("parameter"), f"{where}: parameter"),
        _path(given.get("field"), f"{where}: field"),
        kind,
        _amount(overlap, f"{where}: overlap"),
        None if start is None else str(start),
    )


def _retries(value: Any, where: str) -> Retries:
    given = mapping(value, where)
    only_known(given, ("attempts", "seconds", "first_wait", "longest_wait"), where)
    return Retries(
        _count(given.get("attempts", Retries.attempts), f"{where}: attempts"),
        _amount(given.get("seconds", Retries.seconds), f"{where}: seconds"),
        _amount(given.get("first_wait", Retries.first_wait), f"{where}: first_wait"),
        _amount(given.get("longest_wait", Retries.longest_wait), f"{where}: longest_wait"),
    )


def _limits(value: Any, where: str) -> Limits:
    given = mapping(value, where)
    only_known(given, ("page_bytes", "page_seconds", "pages"), where)
    return Limits(
        _count(given.get("page_bytes", Limits.page_bytes), f"{where}: page_bytes"),
        positive(given.get("page_seconds", Limits.page_seconds), f"{where}: page_seconds"),
        _count(given.get("pages", Limits.pages), f"{where}: pages"),
    )


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise WrongUse(where, f"expected a text, found {value!r}", "Write it.")
    return str(value)


def _path(value: Any, where: str) -> KeyPath:
    """Keys as `data.items`, or as a list where a key has a dot of its own."""
    keys = value.split(".") if isinstance(value, str) else value
    if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
        raise WrongUse(
            where, f"expected the keys to a value, found {value!r}", "Write them as data.items."
        )
    return tuple(keys)


def _hosts(value: Any, where: str) -> tuple[str, ...]:
    hosts = [] if value is None else value
    if not isinstance(hosts, list) or not all(
        isinstance(host, str) and _HOST.fullmatch(host) for host in hosts
    ):
        raise WrongUse(
            where, f"expected a list of hosts, found {value!r}", "Write [cdn.example.com]."
        )
    return tuple(host.lower() for host in hosts)


def _count(value: Any, where: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise WrongUse(
            where, f"expected a number, found {value!r}", f"Write a whole number >= {least}."
        )
    return int(value)


def _amount(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise WrongUse(where, f"expected a number, found {value!r}", "Write a number >= 0.")
    return float(value)
