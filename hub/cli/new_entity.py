"""The command `hub new entity`."""

import click

from hub.cli.new_options import finish, names_in, new_options
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(
    "entity", cls=ProjectCommand, epilog="Example: hub new entity refunds --from shop=refunds.csv"
)
@click.argument("name")
@click.option(
    "--from",
    "samples",
    required=True,
    multiple=True,
    metavar="[SOURCE=]FILE",
    help="Sample records of a source; repeatable.",
)
@click.option("--key", metavar="COLUMN", help="The field that identifies a record.")
@click.option("--history", is_flag=True, help="Keep every state of a row, too.")
@new_options
def new_entity(
    project: Project,
    name: str,
    samples: tuple[str, ...],
    key: str | None,
    history: bool,
    header: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write an entity and its sources from sample files.

    Key, event time, types and rules are guessed, and the evidence is printed. Without SOURCE= a
    source has the name of its folder in the landing folder, or of its file. Several files are
    several sources, whose fields are matched with each other.
    """
    from hub.commands import additions

    planned = additions.plan_entity(
        project,
        name,
        additions.sample_files(project, samples),
        key=key,
        header=names_in(header),
        has_history=history,
    )
    finish(project, planned, dry_run=dry_run, yes=yes, as_json=as_json)
