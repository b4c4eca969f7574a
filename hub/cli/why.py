"""The command `hub why`."""

import sys
from typing import TYPE_CHECKING

import click

from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(
    cls=ProjectCommand,
    epilog="Example: hub why evt-003   or: hub why app/events.json:4   or: hub why clicks/0@17",
)
@click.argument("asked", required=False, metavar="KEY|FILE:ROW|TOPIC/PARTITION@OFFSET")
@click.option("--record", "record_id", type=int, metavar="ID", help="A record by its record_id.")
@click.option("--raw", is_flag=True, help="Show raw text of entities with sensitive columns, too.")
@of_target()
def why(
    project: Project,
    asked: str | None,
    record_id: int | None,
    raw: bool,
    target: "Target",
    as_json: bool,
) -> None:
    """Explain what became of a record, oldest first.

    Exits with 1 if no such record was seen.
    """
    from hub.commands import questions
    from hub.queries.explain import parse_question
    from hub.text.explanation import render_explanation

    story = questions.why(project, parse_question(asked, record_id), raw=raw, target=target)
    print_result(story, render_explanation(story), as_json=as_json)
    if not story["records"]:
        sys.exit(1)
