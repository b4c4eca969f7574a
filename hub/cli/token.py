"""The command `hub token`."""

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(
    cls=ProjectCommand, epilog="Example: hub token --role reader --days 30 --subject mia"
)
@click.option(
    "--role",
    required=True,
    type=click.Choice(["scrape", "reader", "operator"]),
    metavar="ROLE",
    help="scrape, reader or operator.",
)
@click.option("--days", required=True, type=click.IntRange(1, 3650), metavar="N", help="Valid for.")
@click.option("--subject", required=True, metavar="NAME", help="Who it is for.")
def token(project: Project, role: str, days: int, subject: str, as_json: bool) -> None:
    """Print a token for the server, signed with SECRET_KEY.

    scrape: metrics. reader: all reads, too. operator: writes, too.
    """
    from hub.extras import require_extra

    require_extra("serve")
    from hub.serve.access import issue

    printed = issue(subject, role, days)
    print_result({"token": printed}, printed, as_json=as_json)
