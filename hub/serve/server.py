"""Runs the server: where it listens, TLS, its end."""

import ipaddress
import logging
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from hub.serve.app import create_app
from hub.serve.guards import MOST_HEAD
from hub.serve.patience import PatientProtocol
from hub.serve.settings import ServeSettings, read_settings
from loader.config.project import Project
from loader.errors import HubError, WrongUse

log = logging.getLogger(__name__)

# what uvicorn is told of connections, wherever it listens
CONNECTIONS: dict[str, Any] = {
    "ws": "none",
    "h11_max_incomplete_event_size": MOST_HEAD,
    "limit_concurrency": 1_000,
    "timeout_keep_alive": 75,
    # seconds that requests at work have to come to their end when the server is stopped
    "timeout_graceful_shutdown": 10,
    "log_config": None,
    "access_log": False,
    "server_header": False,
}


@dataclass(frozen=True)
class Listening:
    """Where and how the server listens; None for what the settings say.

    behind_proxy: a proxy in front of it speaks TLS and tells the address of the client.
    """

    host: str | None = None
    port: int | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False

    def check(self, host: str) -> None:
        """Raise WrongUse where tokens would go over a network in the clear, or TLS cannot be
        spoken."""
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise WrongUse(
                "hub serve",
                "one of --tls-cert and --tls-key is missing",
                "Give both, or neither.",
            )
        if self.tls_cert and self.tls_key:
            _check_certificate(self.tls_cert, self.tls_key)
        elif not self.behind_proxy and not _is_loopback(host):
            raise WrongUse(
                f"--host {host}",
                "tokens would go over the network in the clear",
                "Give --tls-cert and --tls-key; --behind-proxy, where a proxy speaks TLS; or "
                "listen on 127.0.0.1.",
            )


def serve(project: Project, listening: Listening) -> None:
    """Serve until a signal ends it. Raises HubError where it cannot listen."""
    settings = read_settings()
    host = listening.host or settings.api_host
    listening.check(host)
    server = _Server(_config(project, settings, listening, host))
    # what it logs looks like all other lines
    uvicorns = logging.getLogger("uvicorn")
    uvicorns.handlers = [*logging.getLogger("hub").handlers]
    uvicorns.setLevel(logging.WARNING)
    uvicorns.propagate = False
    try:
        server.run()
    except KeyboardInterrupt:
        log.info("stopped")
    except SystemExit as error:
        raise HubError(
            f"{host}:{server.config.port}",
            "the server cannot listen there",
            "Is another one running? Choose another port with --port.",
        ) from error


class _Server(uvicorn.Server):
    """Tells where it listens as soon as it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        scheme = "https" if self.config.is_ssl else "http"
        for server in self.servers:
            for listener in server.sockets:
                address, port = listener.getsockname()[:2]
                host = f"[{address}]" if ":" in address else address
                log.info(
                    "serving on %s://%s:%s", scheme, f"[{host}]" if ":" in host else host, port
                )


def _config(
    project: Project, settings: ServeSettings, listening: Listening, host: str
) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(project, settings),
        host=host,
        port=settings.api_port if listening.port is None else listening.port,
        ssl_certfile=listening.tls_cert,
        ssl_keyfile=listening.tls_key,
        proxy_headers=listening.behind_proxy,
        http=PatientProtocol,
        **CONNECTIONS,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_certificate(certificate: Path, key: Path) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise WrongUse(
            f"--tls-cert {certificate}, --tls-key {key}",
            f"they cannot be used ({error})",
            "Give a certificate and its key, as PEM.",
        ) from error
