"""Addresses as settings and answers write them."""

import ipaddress

import httpx

from loader.config.environment import expanded
from loader.errors import WrongUse

USUAL_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """An address that must not be asked; `str(error)` says why, and names no secret."""


def parsed(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """An address, relative to `base` if there is one. Raises Refused where it is none."""
    try:
        url = base.join(text) if base is not None else httpx.URL(text)
        if not url.is_absolute_url or not url.host:
            raise Refused("an address without a host")
        return url
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Refused("what should be an address is none") from error


def configured_url(template: str, where: str) -> httpx.URL:
    """The address that a setting gives, with what the environment says put in.

    where: the setting, for errors. Raises WrongUse.
    """
    try:
        url = parsed(expanded(template, where))
    except Refused as error:
        raise WrongUse(where, str(error), "Write https://host/path.") from error
    if url.userinfo:
        raise WrongUse(where, "it holds credentials", "Take them out and use `auth`.")
    return url.copy_with(fragment=None)


def host_of(url: httpx.URL) -> str:
    """The host as `name`, or `name:port` for a port that is not the scheme's own."""
    host = url.host.lower()
    if url.port is None or url.port == USUAL_PORTS.get(url.scheme):
        return host
    return f"{host}:{url.port}"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
