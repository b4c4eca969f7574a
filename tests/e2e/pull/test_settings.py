"""The settings under `meta: http`: what is wrong with them is one line that says where and what."""

from typing import Any

import pytest

from loader.config.http import (
    Auth,
    Cursor,
    HttpSettings,
    Limits,
    Link,
    Offset,
    PageNumbers,
    Retries,
    Since,
)
from loader.config.reading import read_as
from loader.config.sources import SourceSettings
from loader.errors import WrongUse
from tests.support.workbench import Workbench

URL = "https://api.example/x"
AUTH = {"header": "Authorization", "value_from": "TOKEN"}
SINCE = {"parameter": "since", "field": "at"}


def read_http(meta: dict[str, Any], where: str) -> HttpSettings | None:
    return read_as(SourceSettings, meta, where).http


def test_a_url_is_enough() -> None:
    assert read_http({"http": {"url": URL}}, "here") == HttpSettings(URL)


def test_no_source_has_to_be_pulled() -> None:
    assert read_http({}, "here") is None


def test_everything_can_be_said() -> None:
    http = {
        "url": "${HOST:-https://api.example}/x",
        "items": ["data.1", "items"],
        "missing_items": "empty",
        "parameters": {"plant": 7},
        "pagination": {
            **{"kind": "page", "parameter": "p", "start": 0, "size_parameter": "n", "size": 50},
            **{"has_more": "meta.more", "total": "meta.total"},
        },
        "auth": {**AUTH, "prefix": "Bearer ", "hosts": ["CDN.example:8443"]},
        "since": {**SINCE, "kind": "number", "start": 5},
        "allowed_hosts": ["files.example"],
        "requests_per_second": 2.5,
        "timeout": 3,
        "retries": {"attempts": 2, "seconds": 9, "first_wait": 0, "longest_wait": 1},
        "limits": {"page_bytes": 10, "page_seconds": 5, "pages": 3},
    }

    assert read_http({"http": http}, "here") == HttpSettings(
        url="${HOST:-https://api.example}/x",
        items=("data.1", "items"),
        missing_items="empty",
        parameters={"plant": "7"},
        pagination=PageNumbers("p", 0, "n", 50, ("meta", "more"), ("meta", "total")),
        auth=Auth("TOKEN", "Authorization", None, "Bearer ", ("cdn.example:8443",)),
        since=Since("since", ("at",), "number", start="5"),
        allowed_hosts=("files.example",),
        requests_per_second=2.5,
        timeout=3,
        retries=Retries(2, 9, 0, 1),
        limits=Limits(10, 5, 3),
    )


@pytest.mark.parametrize(
    ("pagination", "meant"),
    [
        ({"kind": "page"}, PageNumbers()),
        ({"kind": "offset"}, Offset("offset", 0, "limit", 100)),
        ({"kind": "offset", "size_parameter": None}, Offset()),
        ({"kind": "cursor", "path": "next"}, Cursor(("next",))),
        ({"kind": "link"}, Link()),
        ({"kind": "link", "path": "links.next"}, Link(("links", "next"))),
    ],
)
def test_pagination_has_defaults(pagination: dict[str, str], meant: Any) -> None:
    settings = read_http({"http": {"url": URL, "pagination": pagination}}, "here")

    assert settings is not None
    assert settings.pagination == meant


@pytest.mark.parametrize(
    ("http", "says"),
    [
        ("https://api.example", ["http: expected a mapping"]),
        ({}, ["http: url: it is missing"]),
        ({"url": 7}, ["http: url: it does not begin with http://"]),
        ({"url": "ftp://api.example"}, ["http: url: it does not begin with http://"]),
        ({"url": URL, "uri": URL}, ["unknown key 'uri'", "pagination, parameters"]),
        ({"url": URL, "items": 7}, ["http: items", "7", "data.items"]),
        ({"url": URL, "items": "a..b"}, ["http: items"]),
        ({"url": URL, "parameters": ["a"]}, ["http: parameters: expected a mapping"]),
        ({"url": URL, "parameters": {"a": True}}, ["http: parameters: a", "True"]),
        ({"url": URL, "pagination": "page"}, ["http: pagination: expected a mapping"]),
        (
            {"url": URL, "pagination": {"kind": "number"}},
            ["'number'", "page, offset, cursor, link"],
        ),
        ({"url": URL, "missing_items": "null"}, ["missing_items", "'null'", "error, empty"]),
        ({"url": URL, "pagination": {"kind": "offset", "size": 0}}, ["size", "0"]),
        ({"url": URL, "pagination": {"kind": "page", "path": "x"}}, ["unknown key 'path'"]),
        ({"url": URL, "pagination": {"kind": "page", "start": -1}}, ["start", "-1"]),
        ({"url": URL, "pagination": {"kind": "page", "size": 0}}, ["size", "0"]),
        ({"url": URL, "pagination": {"kind": "cursor"}}, ["pagination: path: it is missing"]),
        ({"url": URL, "auth": "Bearer x"}, ["http: auth: expected a mapping"]),
        ({"url": URL, "auth": {"header": "X"}}, ["auth: value_from", "never write the secret"]),
        ({"url": URL, "auth": {"value_from": "TOKEN"}}, ["either header or parameter"]),
        ({"url": URL, "auth": {**AUTH, "parameter": "key"}}, ["either header or parameter"]),
        (
            {"url": URL, "auth": {**AUTH, "header": "a b"}},
            ["auth: header: it is no name of a header"],
        ),
        ({"url": URL, "auth": {**AUTH, "value": "x"}}, ["unknown key 'value'"]),
        ({"url": URL, "since": {"field": "at"}}, ["since: parameter"]),
        ({"url": URL, "since": {"parameter": "since"}}, ["since: field"]),
        ({"url": URL, "since": {**SINCE, "kind": "date"}}, ["'date'", "timestamp, number"]),
        ({"url": URL, "since": {**SINCE, "overlap": "1h"}}, ["since: overlap", "'1h'"]),
        ({"url": URL, "since": {**SINCE, "overlap": -1}}, ["since: overlap", "-1"]),
        ({"url": URL, "allowed_hosts": "cdn.example"}, ["allowed_hosts", "list of hosts"]),
        ({"url": URL, "allowed_hosts": ["https://x/"]}, ["allowed_hosts", "list of hosts"]),
        ({"url": URL, "requests_per_second": 0}, ["requests_per_second", "0"]),
        ({"url": URL, "timeout": "short"}, ["timeout", "'short'"]),
        ({"url": URL, "timeout": float("inf")}, ["timeout", "inf"]),
        ({"url": URL, "retries": {"attempts": 0}}, ["retries: attempts", "0"]),
        ({"url": URL, "retries": {"times": 3}}, ["unknown key 'times'"]),
        ({"url": URL, "retries": {"seconds": True}}, ["retries: seconds", "True"]),
        ({"url": URL, "limits": {"pages": 1.5}}, ["limits: pages", "1.5"]),
        ({"url": URL, "limits": [3]}, ["limits: expected a mapping"]),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(http: Any, says: list[str]) -> None:
    with pytest.raises(WrongUse) as wrong:
        read_http({"http": http}, "partner.yml: meta")

    said = str(wrong.value)
    assert said.startswith("partner.yml: meta: http")
    assert "\n" not in said
    for part in says:
        assert part in said


@pytest.mark.parametrize("value", ["s3cr3t-7f", "Bearer s3cr3t", "", None, 7])
def test_a_secret_in_the_place_of_its_variable_is_not_repeated(value: Any) -> None:
    with pytest.raises(WrongUse) as wrong:
        read_http({"http": {"url": URL, "auth": {**AUTH, "value_from": value}}}, "here")

    assert "s3cr3t" not in str(wrong.value)


@pytest.mark.parametrize("declared", [{"kind": "csv"}, {"encoding": "utf-16"}])
def test_the_form_of_the_pages_is_not_declared(declared: dict[str, str]) -> None:
    with pytest.raises(WrongUse, match="written as NDJSON or JSON in UTF-8"):
        read_http({"http": {"url": URL}, "format": declared}, "here")


def test_the_file_and_the_source_are_named(own_project: Workbench) -> None:
    own_project.set_meta("partner", http={"url": 7})

    with pytest.raises(WrongUse, match=r"partner\.yml: source 'partner': meta: http: url"):
        own_project.project.require_sound()
