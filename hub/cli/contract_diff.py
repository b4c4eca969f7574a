"""The command `hub contract diff`."""

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command("diff", cls=ProjectCommand, epilog="Example: hub contract diff --entity events")
@click.option("--entity", required=True, metavar="E", help="The entity whose contract it is.")
def contract_diff(project: Project, entity: str, as_json: bool) -> None:
    """Compare the contract as it is written now with what is stored.

    Tells which records would be rejected that were accepted, and the reverse. Builds nothing.
    """
    from hub.commands import rules
    from hub.text.difference import render_difference

    difference = rules.contract_diff(project, entity)
    print_result(difference, render_difference(difference), as_json=as_json)
