"""The options that all commands share, and how their help shows them."""

from typing import Any

import click
from click.core import ParameterSource

_OWN_OPTIONS = "Options"


class SharedOption(click.Option):
    """An option that all commands have: help tells of it apart from their own."""


def _seconds(ctx: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """A number of seconds from the command line, which is not negative."""
    if value is not None and not value >= 0:
        raise click.BadParameter("expected a number of seconds, 0 or more")
    return value


def shared_options(*, logs_requests: bool = False) -> list[click.Parameter]:
    """The options, for one command.

    logs_requests: of a server, which logs each request unless it is told otherwise.
    """
    level = "info" if logs_requests else "error"
    return [
        SharedOption(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
        SharedOption(["--project-dir"], metavar="DIR", help="The project's folder (HUB_PROJECT)."),
        SharedOption(["--database"], metavar="FILE", help="The warehouse (HUB_DATABASE)."),
        SharedOption(["--landing"], metavar="DIR", help="The landing folder (HUB_LANDING)."),
        SharedOption(
            ["--wait"],
            type=float,
            callback=_seconds,
            metavar="SECONDS",
            help="Wait so long for the warehouse (2; a pull: 60).",
        ),
        SharedOption(
            ["--log-level"],
            type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
            metavar="LEVEL",
            default=level,
            envvar="LOG_LEVEL" if logs_requests else None,
            help=f"Log debug, info, warning or error (default: {level}).",
        ),
        SharedOption(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            metavar="FORMAT",
            default="text",
            help="Log as text (default) or json, to standard error.",
        ),
    ]


def given_last(ctx: click.Context, name: str) -> Any:
    """The value of a shared option as given nearest to the command, or its default."""
    here: click.Context | None = ctx
    while here is not None:
        if here.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            return here.params[name]
        here = here.parent
    return ctx.params[name]


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter, shared: str
) -> None:
    """Write a command's own options, then the shared ones under the heading `shared`."""
    sections: dict[str, list[tuple[str, str]]] = {_OWN_OPTIONS: [], shared: []}
    for option in command.get_params(ctx):
        if (record := option.get_help_record(ctx)) is not None:
            heading = shared if isinstance(option, SharedOption) else _OWN_OPTIONS
            sections[heading].append(record)
    for heading, lines in sections.items():
        with formatter.section(heading):
            formatter.write_dl(lines)
