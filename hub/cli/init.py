"""The command `hub init`."""

from dataclasses import asdict
from pathlib import Path

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand


@click.command(cls=ProjectCommand, opens_project=False, epilog="Example: hub init mine")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--dry-run", is_flag=True, help="List the files; write none.")
def init(folder: Path, dry_run: bool, as_json: bool) -> None:
    """Lay down a project in a new folder, with the shipped sources and samples.

    It is all that the hub needs besides its programs: models, macros, tests, settings, docs.
    """
    from hub.scaffold.init import lay_down
    from hub.text.new_project import render_new_project

    made = lay_down(folder, dry=dry_run)
    print_result(asdict(made), render_new_project(made, is_dry=dry_run), as_json=as_json)
