"""The command `hub pull`."""

import sys
from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(
    cls=ProjectCommand, epilog="Example: hub pull partner --since 2025-01-15 --until 2025-01-16"
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--full", is_flag=True, help="Ask for everything, not only for what is new.")
@click.option(
    "--since", metavar="TIME", help="Pull once more what is of this moment or later (backfill)."
)
@click.option("--until", metavar="TIME", help="Pull once more what is of before this moment.")
def pull(
    project: Project,
    sources: tuple[str, ...],
    full: bool,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Pull what is new from HTTP APIs and land it, for `hub run`.

    A pull that failed or was killed is continued where it stopped. With --since, --until or both,
    a window is pulled instead; the next pull of what is new asks for what it would have asked for
    anyway. A time without an offset is in the source's time zone.
    """
    from hub.commands import pulling
    from hub.text.pull import render_pull

    result = pulling.pull(project, sources, full=full, since=since, until=until)
    print_result(asdict(result), render_pull(result), as_json=as_json)
    if result.exit_code:
        sys.exit(result.exit_code)
