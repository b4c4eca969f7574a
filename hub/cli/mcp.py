"""The command `hub mcp`."""

import click

from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub mcp --project-dir /srv/hub")
def mcp(project: Project, as_json: bool) -> None:
    """Answer programs by the Model Context Protocol, until they end it.

    It speaks on standard input and output, reads published snapshots, and changes nothing.
    docs/mcp.md says how a program is told of it, and what it may ask.
    """
    from hub.extras import require_extra

    require_extra("mcp")
    from hub.mcp.server import serve

    serve(project)
