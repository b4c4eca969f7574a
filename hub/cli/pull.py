"""The command `hub pull`."""

import sys
from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub pull partner")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--full", is_flag=True, help="Ask for everything, not only for what is new.")
def pull(project: Project, sources: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Pull what is new from HTTP APIs and land it, for `hub run`.

    A pull that failed or was killed is continued where it stopped.
    """
    from hub.commands import pulling
    from hub.text.pull import render_pull

    result = pulling.pull(project, sources, full=full)
    print_result(asdict(result), render_pull(result), as_json=as_json)
    if result.exit_code:
        sys.exit(result.exit_code)
