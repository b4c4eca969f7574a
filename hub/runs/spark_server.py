"""Asks whether the Spark server can be reached, before anything begins."""

import os
import socket
from urllib.parse import urlsplit

from loader.errors import HubError, WrongUse

# both as in profiles.yml
_VARIABLE = "SPARK_REMOTE"
_DEFAULT = "sc://127.0.0.1:15002"
_PORT = 15002
_PATIENCE_SECONDS = 10


def require_server() -> None:
    """Raise HubError where nobody listens at the address of the Spark Connect server, WrongUse
    where it is no such address. By itself, the client would try for ten minutes."""
    # what follows the address may be a token, which no message shows
    address = urlsplit(os.environ.get(_VARIABLE, _DEFAULT))
    try:
        host, port = address.hostname, address.port or _PORT
    except ValueError:
        host, port = None, _PORT
    if address.scheme != "sc" or not host:
        raise WrongUse(
            _VARIABLE, "it is no address of a Spark Connect server", "Write it as sc://host:15002."
        )
    try:
        socket.create_connection((host, port), _PATIENCE_SECONDS).close()
    except OSError as error:
        raise HubError(
            f"Spark at {host}:{port}",
            f"no server answers ({error.strerror or error})",
            f"Start it, or set {_VARIABLE} to the address of yours: docs/scale-out.md. "
            "The same command goes on from there.",
        ) from error
