"""The command `hub expire`."""

from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub expire --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def expire(project: Project, dry_run: bool, as_json: bool) -> None:
    """Remove what is older than `vars: retention` says, and nothing is made from.

    That is lines in the log of runs that no other table names, such as those of runs that found
    nothing new, and receipts. Records, decisions and dead letters stay.
    """
    from hub.commands import expiring
    from hub.text.expired import render_expired

    expired = expiring.expire(project, dry=dry_run)
    print_result(asdict(expired), render_expired(expired, dry=dry_run), as_json=as_json)
