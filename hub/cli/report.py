"""The command `hub report`."""

from typing import TYPE_CHECKING

import click

from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(cls=ProjectCommand, epilog="Example: hub report --entity events --json")
@click.option("--entity", metavar="E", help="Only this entity, in full.")
@click.option("--run", "run_id", metavar="ID", help="A certain run instead of the latest build.")
@click.option(
    "--history", metavar="N", type=click.IntRange(min=1), help="List the latest N runs instead."
)
@of_target()
def report(
    project: Project,
    entity: str | None,
    run_id: str | None,
    history: int | None,
    target: "Target",
    as_json: bool,
) -> None:
    """Print the receipt of a run again."""
    from hub.commands import questions
    from hub.queries.receipt import entity_receipt
    from hub.text.history import render_history
    from hub.text.receipt import render_entity, render_receipt

    if history:
        entries = questions.history(project, history, target)
        print_result(entries, render_history(entries), as_json=as_json)
        return
    # people ask what was built last, programs how things stand now
    ask = questions.report if as_json else questions.report_build
    receipt = ask(project, run_id, target)
    if entity is None:
        print_result(receipt, render_receipt(receipt), as_json=as_json)
        return
    part = entity_receipt(receipt, entity)
    if "as_of" in receipt:
        part["as_of"] = receipt["as_of"]
    print_result(part, render_entity(part), as_json=as_json)
