"""The command `hub serve`."""

from pathlib import Path

import click

from hub.cli.project_command import ProjectCommand
from loader.config.project import Project

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    cls=ProjectCommand,
    logs_requests=True,
    epilog="Example: hub serve --port 8000",
)
@click.option("--host", metavar="ADDRESS", help="Listen here (API_HOST; 127.0.0.1).")
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), help="(API_PORT; 8000).")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="The certificate, as PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, as PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it speaks TLS.")
def serve(
    project: Project,
    host: str | None,
    port: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    as_json: bool,
) -> None:
    """Serve the API and the page until Ctrl-C or SIGTERM.

    It reads published snapshots, so no run waits for it. Settings come from the environment:
    docs/serving.md has them.
    """
    from hub.extras import require_extra

    require_extra("serve")
    from hub.serve.server import Listening, serve

    serve(project, Listening(host, port, tls_cert, tls_key, behind_proxy))
