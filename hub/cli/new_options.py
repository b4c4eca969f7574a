"""The options that `hub new source` and `hub new entity` share, and what they do in the end."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli.output import print_result
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.scaffold.additions import Addition

Command = TypeVar("Command", bound=Callable[..., Any])


def new_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in (
        click.option("--yes", is_flag=True, help="Ask nothing, also on a terminal."),
        click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing."),
        click.option("--header", metavar="NAMES", help="Names for a CSV without: id,name,x."),
    ):
        command = option(command)
    return command


def names_in(header: str | None) -> list[str] | None:
    """The names of a header, as given on the command line."""
    return None if header is None else [name.strip() for name in header.split(",")]


def finish(
    project: Project, addition: "Addition", *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Write what was worked out, unless a person on a terminal does not want it, and print it."""
    from hub.commands import additions
    from hub.text.addition import render_addition

    asks = not (dry_run or yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    if asks:
        click.echo(render_addition(addition))
        if not click.confirm("Write these files?", default=True):
            click.echo("nothing was written")
            sys.exit(1)
    if not dry_run:
        addition = additions.write(project, addition)
    shown = "written" if asks else render_addition(addition)
    print_result(asdict(addition), shown, as_json=as_json)
