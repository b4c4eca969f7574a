"""The command `hub land`."""

import sys
from dataclasses import asdict

import click

from hub.cli.lakehouse_options import require_no_warehouse, to_lakehouse
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub land app web")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@to_lakehouse()
def land(project: Project, sources: tuple[str, ...], to: str | None, as_json: bool) -> None:
    """Land what is new in the landing folder, for `dbt build`.

    With --to, into tables of Delta Lake, for `dbt build --target spark`.
    """
    from hub.commands import landing
    from hub.text.landing import render_landing

    if to is None:
        landed = landing.land_files(project, sources)
    else:
        require_no_warehouse("hub land --to")
        landed = landing.land_into_lakehouse(project, sources, to)
    print_result(asdict(landed), render_landing(landed), as_json=as_json)
    if landed.errors():
        sys.exit(1)
