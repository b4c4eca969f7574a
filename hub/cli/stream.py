"""The command `hub stream`."""

from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from hub.cli.run_options import no_plan_option
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub stream web   or: hub stream --once")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--once", is_flag=True, help="Take what is there, then stop.")
@no_plan_option
def stream(
    project: Project, sources: tuple[str, ...], once: bool, no_plan: bool, as_json: bool
) -> None:
    """Take up what Kafka topics bring, until Ctrl-C or SIGTERM.

    Records and their offsets are stored together: whatever stops it, the next stream goes on with
    the first record that is not in the warehouse.
    """
    from hub.commands import streaming
    from hub.text.stream import render_stream

    summary = streaming.stream(project, sources, once=once, by_dbt=no_plan)
    print_result(asdict(summary), render_stream(asdict(summary)), as_json=as_json)
