"""The command `hub land`."""

import sys
from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub land app web")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def land(project: Project, sources: tuple[str, ...], as_json: bool) -> None:
    """Land what is new in the landing folder, for `dbt build`."""
    from hub.commands import landing
    from hub.text.landing import render_landing

    landed = landing.land_files(project, sources)
    print_result(asdict(landed), render_landing(landed), as_json=as_json)
    if landed.errors():
        sys.exit(1)
