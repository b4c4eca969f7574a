"""The command `hub discard`."""

from typing import TYPE_CHECKING

import click

from hub.cli.dead_letter_options import dead_letter_options
from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project
from loader.errors import WrongUse

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(
    cls=ProjectCommand, epilog='Example: hub discard --id 10000000004 --by mia --why "test data"'
)
@dead_letter_options
@click.option("--by", "discarded_by", required=True, metavar="WHO", help="Who decides so.")
@click.option("--why", "because", required=True, metavar="TEXT", help="Why.")
@of_target()
def discard(
    project: Project,
    entity: str | None,
    source: str | None,
    reason: str | None,
    record_id: int | None,
    discarded_by: str,
    because: str,
    target: "Target",
    as_json: bool,
) -> None:
    """Mark open dead letters as discarded, with who and why.

    Nothing is deleted.
    """
    from hub.commands import dead_letters
    from hub.queries.dead_letters import DeadLetterChoice
    from hub.text.dead_letters import render_discard

    choice = DeadLetterChoice(entity, source, reason, record_id)
    if not any(vars(choice).values()):
        raise WrongUse(
            "hub discard",
            "no dead letters were chosen",
            "Give --entity, --source, --reason or --id.",
        )
    discarded = dead_letters.discard(project, choice, discarded_by, because, target)
    print_result(discarded, render_discard(discarded), as_json=as_json)
