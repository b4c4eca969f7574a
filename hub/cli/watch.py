"""The command `hub watch`."""

from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from hub.cli.run_options import no_plan_option
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub watch --every 30")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1, max=86_400),
    default=5.0,
    metavar="SECONDS",
    show_default=True,
    help="Run so often at most.",
)
@no_plan_option
def watch(project: Project, every: float, no_plan: bool, as_json: bool) -> None:
    """Run whenever files come, until Ctrl-C or SIGTERM.

    Buckets are asked once a minute. A run that fails is made again, less and less often; whatever
    stops it, the next run completes what is not complete.
    """
    from hub.commands import watching
    from hub.text.watch import render_watch

    summary = watching.watch_files(project, every=every, by_dbt=no_plan)
    print_result(asdict(summary), render_watch(asdict(summary)), as_json=as_json)
