"""The command `hub report`."""

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub report --entity events --json")
@click.option("--entity", metavar="E", help="Only this entity, in full.")
@click.option("--run", "run_id", metavar="ID", help="A certain run instead of the latest build.")
@click.option(
    "--history", metavar="N", type=click.IntRange(min=1), help="List the latest N runs instead."
)
def report(
    project: Project,
    entity: str | None,
    run_id: str | None,
    history: int | None,
    as_json: bool,
) -> None:
    """Print the receipt of a run again."""
    from hub.commands import questions
    from hub.queries.receipt import entity_receipt
    from hub.text.history import render_history
    from hub.text.receipt import render_entity, render_receipt

    if history:
        entries = questions.history(project, history)
        print_result(entries, render_history(entries), as_json=as_json)
        return
    # people ask what was built last, programs how things stand now
    receipt = (
        questions.report(project, run_id) if as_json else questions.report_build(project, run_id)
    )
    if entity is None:
        print_result(receipt, render_receipt(receipt), as_json=as_json)
        return
    part = entity_receipt(receipt, entity)
    if "as_of" in receipt:
        part["as_of"] = receipt["as_of"]
    print_result(part, render_entity(part), as_json=as_json)
