"""The command `hub new source`."""

from pathlib import Path

import click

from hub.cli.new_options import finish, names_in, new_options
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(
    "source",
    cls=ProjectCommand,
    epilog="Example: hub new source gamma --entity orders --from gamma.csv",
)
@click.argument("name")
@click.option("--entity", required=True, metavar="E", help="The entity that it feeds.")
@click.option(
    "--from",
    "sample",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with sample records.",
)
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help="The field for a column."
)
@new_options
def new_source(
    project: Project,
    name: str,
    entity: str,
    sample: Path,
    mapped: tuple[str, ...],
    header: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write a source of an entity that is there, from a sample file.

    Its fields are matched with the columns of the contract, and the evidence is printed. Written
    are the adapter, its YAML with golden rows, and the name in vars: sources.
    """
    from hub.commands import additions

    planned = additions.plan_source(
        project, name, entity, sample, names_in(header), additions.mapping_of(mapped)
    )
    finish(project, planned, dry_run=dry_run, yes=yes, as_json=as_json)
