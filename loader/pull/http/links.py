"""Reads the header Link (RFC 8288): which address an answer names as the next page.

A link that is passed over is a page that is lost, so nothing is skipped: what cannot be read is an
error.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import httpx

_SPACE = re.compile(r"[ \t]*")
_TARGET = re.compile(r"<([^<>]*)>")
_NAME = re.compile(r"[^ \t=;,<>\"]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
# many APIs leave the quotes out where the standard wants them, as around an address
_BARE = re.compile(r"[^;,<>\"]*")
_ESCAPED = re.compile(r"\\(.)")


class UnreadableLink(Exception):
    """A header that is not written as RFC 8288 says, or names two pages as the next one."""


@dataclass(frozen=True)
class LinkValue:
    """One link of a header.   parameters: by their names in lower case; the first of a name
    counts, and one without a value has the value ''."""

    target: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def relations(self) -> list[str]:
        """What the target is to the page."""
        return self.parameters.get("rel", "").lower().split()


def next_link(headers: Iterable[str], page: httpx.URL) -> str | None:
    """The address of the page after `page`, as its headers Link name it; None where they name
    none. Raises UnreadableLink."""
    found = {
        link.target.strip(): _joined(page, link.target)
        for header in headers
        for link in links_of(header)
        if "next" in link.relations and _is_about(link, page)
    }
    if len(set(found.values())) > 1:
        raise UnreadableLink(f"it names {len(found)} pages as the next one")
    return next(iter(found), None)


def links_of(header: str) -> Iterator[LinkValue]:
    """The links of one header. Raises UnreadableLink."""
    pos = _after_commas(header, 0)
    while pos < len(header):
        target = _TARGET.match(header, pos)
        if target is None:
            raise UnreadableLink(f"no address in <> at character {pos + 1}")
        parameters: dict[str, str] = {}
        pos = _skip(header, target.end())
        while header.startswith(";", pos):
            name, value, pos = _parameter(header, _skip(header, pos + 1))
            parameters.setdefault(name, value)
        if pos < len(header) and header[pos] != ",":
            raise UnreadableLink(f"neither a comma nor a semicolon at character {pos + 1}")
        yield LinkValue(target[1], parameters)
        pos = _after_commas(header, pos)


def _parameter(header: str, pos: int) -> tuple[str, str, int]:
    """The name, the value, and where the parameter that begins at `pos` ends."""
    found = _NAME.match(header, pos)
    name = found[0].lower() if found else ""
    pos = _skip(header, pos + len(name))
    if not header.startswith("=", pos):
        return name, "", pos
    pos = _skip(header, pos + 1)
    if not header.startswith('"', pos):
        bare = _BARE.match(header, pos)
        value = bare[0] if bare else ""
        return name, value.strip(), pos + len(value)
    quoted = _QUOTED.match(header, pos)
    if quoted is None:
        raise UnreadableLink(f"a quotation mark at character {pos + 1} that is not closed")
    return name, _ESCAPED.sub(r"\1", quoted[1]), _skip(header, quoted.end())


def _is_about(link: LinkValue, page: httpx.URL) -> bool:
    """Whether a link is about the page that it came with, and not about what its anchor names."""
    anchor = link.parameters.get("anchor")
    if anchor is None:
        return True
    try:
        about = page.join(anchor.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreadableLink("an anchor that is no address") from error
    return _in_any_order(about) == _in_any_order(page)


def _in_any_order(url: httpx.URL) -> tuple[str, list[tuple[str, str]]]:
    return str(url.copy_with(query=None)), sorted(url.params.multi_items())


def _joined(page: httpx.URL, address: str) -> str:
    try:
        return str(page.join(address.strip()))
    except (httpx.InvalidURL, ValueError):
        return address


def _after_commas(header: str, pos: int) -> int:
    # a list may have empty elements (RFC 9110)
    pos = _skip(header, pos)
    while header.startswith(",", pos):
        pos = _skip(header, pos + 1)
    return pos


def _skip(header: str, pos: int) -> int:
    space = _SPACE.match(header, pos)
    return space.end() if space else pos
