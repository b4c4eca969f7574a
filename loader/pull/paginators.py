"""Which page comes first, what address a page has, and which page follows it.

The position of a page is text that can be kept: its number, the place of its first item, its
cursor, or its address. None is the place where the API begins by itself.
"""

import httpx

from loader.config.http import (
    Counted,
    Cursor,
    HttpSettings,
    Link,
    Offset,
    PageNumbers,
    Pagination,
)
from loader.config.values import KeyPath
from loader.pull.http.client import Page
from loader.pull.http.endpoint import Endpoint, Refused, parsed
from loader.pull.http.errors import PullFailed
from loader.pull.http.links import UnreadableLink, next_link

Position = str | None

_MOST_DIGITS = 18


def first_position(pagination: Pagination | None) -> Position:
    """The position of the first page."""
    return str(pagination.start) if isinstance(pagination, PageNumbers | Offset) else None


def address_of(
    settings: HttpSettings, endpoint: Endpoint, position: Position, since: str | None
) -> httpx.URL:
    """Where the page at `position` is; `since` is the value to ask for, if any."""
    pagination = settings.pagination
    if isinstance(pagination, Link) and position is not None:
        return httpx.URL(position)
    parameters: dict[str, str] = {**settings.parameters}
    if settings.since and since is not None:
        parameters[settings.since.parameter] = since
    if isinstance(pagination, PageNumbers | Offset):
        parameters[pagination.parameter] = str(position)
        if pagination.size_parameter:
            parameters[pagination.size_parameter] = str(pagination.size)
    if isinstance(pagination, Cursor) and position is not None:
        parameters[pagination.parameter] = position
    return endpoint.url.copy_merge_params(parameters)


def position_after(
    pagination: Pagination | None,
    endpoint: Endpoint,
    position: Position,
    page: Page,
    items_before: int,
    where: str,
) -> Position:
    """The position of the page after `page`, which is at `position`; None after the last one.

    items_before: of the pages before it.   where: the source, for errors. Raises PullFailed, and
    NoItems where the body does not tell.
    """
    if isinstance(pagination, PageNumbers | Offset):
        if not _says_more(pagination, page, items_before, where):
            return None
        return str(int(position or 0) + _step(pagination, page, where))
    if isinstance(pagination, Cursor):
        return page.body.word(pagination.path)
    if isinstance(pagination, Link):
        link = page.body.word(pagination.path) if pagination.path else _link_of(page, where)
        return None if link is None else _next_address(endpoint, page, link, where)
    return None


def declares_end(pagination: Pagination | None) -> bool:
    """Whether the body says if more follows, so that no page has to be taken for the end."""
    return isinstance(pagination, PageNumbers | Offset) and bool(
        pagination.has_more or pagination.total
    )


def may_end_by_repeating(pagination: Pagination | None, page: Page) -> bool:
    """Whether a page that repeats one before it may stand behind the last one. A full page at a
    place of its own rather says that the API does not heed the place."""
    if isinstance(pagination, Offset) and len(page.items) >= pagination.size:
        return False
    return isinstance(pagination, PageNumbers | Offset) and not declares_end(pagination)


def items_missing(pagination: Pagination | None, page: Page, items_before: int, where: str) -> int:
    """How many items of the declared total an empty page leaves open. Raises PullFailed."""
    if not isinstance(pagination, PageNumbers | Offset) or not pagination.total:
        return 0
    if page.items or page.is_none:
        return 0
    return max(0, _total(pagination.total, page, where) - items_before)


def _says_more(pagination: Counted, page: Page, items_before: int, where: str) -> bool:
    if page.is_none:
        return False
    if pagination.has_more:
        # a page may be empty where the API filters what it has cut into pages
        _require(page, pagination.has_more, "has_more", where)
        return page.body.is_true(pagination.has_more)
    if pagination.total and page.items:
        return items_before + len(page.items) < _total(pagination.total, page, where)
    return bool(page.items)


def _total(path: KeyPath, page: Page, where: str) -> int:
    _require(page, path, "total", where)
    total = page.body.word(path) or ""
    if not (total.isdecimal() and len(total) < _MOST_DIGITS):
        raise PullFailed(
            where,
            f"what stands at {'.'.join(path)} is no whole number",
            "Correct `total` in the source's YAML.",
        )
    return int(total)


def _require(page: Page, path: KeyPath, setting: str, where: str) -> None:
    # a typing error in the settings would else look like the last page
    if not page.body.has(path):
        raise PullFailed(
            where,
            f"the answer has nothing at {'.'.join(path)}, which should tell whether more follows",
            f"Correct `{setting}` in the source's YAML.",
        )


def _step(pagination: Counted, page: Page, where: str) -> int:
    """How far the next page is. A place goes on by the items that came: the API may give less than
    it was asked for."""
    if isinstance(pagination, PageNumbers):
        return 1
    if not page.items:
        raise PullFailed(
            where,
            f"an empty page at {pagination.parameter}, though the API says that more follows",
            "Tell the API's owner: behind no items, nothing says where the next ones begin.",
        )
    return len(page.items)


def _link_of(page: Page, where: str) -> str | None:
    try:
        return next_link(page.links, page.url)
    except UnreadableLink as error:
        raise PullFailed(
            where,
            f"the header Link cannot be read: {error}",
            "Tell the API's owner: the next page cannot be told (RFC 8288).",
        ) from error


def _next_address(endpoint: Endpoint, page: Page, link: str, where: str) -> str:
    try:
        url = endpoint.unsigned(parsed(link, page.url))
        endpoint.check(url, page.url)
    except Refused as error:
        raise PullFailed(
            where,
            f"the link to the next page leads where it must not: {error}",
            "Add the host to allowed_hosts if it is right.",
        ) from error
    return str(url)
