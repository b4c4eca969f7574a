"""The command `hub rename-source`."""

from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub rename-source alpha north")
@click.argument("old")
@click.argument("new")
def rename_source(project: Project, old: str, new: str, as_json: bool) -> None:
    """Give a source that you have renamed its new name in the warehouse.

    First end `hub stream`, rename models/staging/OLD, its files, landing/OLD and the name in vars:
    sources. Then this command, and `hub run`. Nothing lands twice, and no dead letter is lost.
    """
    from hub.commands import sources
    from hub.text.rename_source import render_renamed

    renamed = sources.rename_source(project, old, new)
    print_result(asdict(renamed), render_renamed(renamed), as_json=as_json)
