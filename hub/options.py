"""The options of the command line that several commands share, and how their help shows them."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from hub.telemetry.switches import start_telemetry
from loader import logs
from loader.config.project import open_project

_OWN_OPTIONS = "Options"
_SHARED_OPTIONS = "Options of every command"
_SHARED_OPTIONS_OF_A_GROUP = "Options of every command, before or after its name"


class _SharedOption(click.Option):
    """An option that all commands have: help tells of it apart from their own."""


def _seconds(ctx: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """A number of seconds from the command line, which is not negative."""
    if value is not None and not value >= 0:
        raise click.BadParameter("expected a number of seconds, 0 or more")
    return value


def _shared_options(*, logs_requests: bool = False) -> list[click.Parameter]:
    """logs_requests: of a server, which logs each request unless it is told otherwise."""
    level = "info" if logs_requests else "error"
    return [
        _SharedOption(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
        _SharedOption(["--project-dir"], metavar="DIR", help="The project's folder (HUB_PROJECT)."),
        _SharedOption(["--database"], metavar="FILE", help="The warehouse (HUB_DATABASE)."),
        _SharedOption(["--landing"], metavar="DIR", help="The landing folder (HUB_LANDING)."),
        _SharedOption(
            ["--wait"],
            type=float,
            callback=_seconds,
            metavar="SECONDS",
            help="Wait so long for the warehouse (2; a pull: 60).",
        ),
        _SharedOption(
            ["--log-level"],
            type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
            metavar="LEVEL",
            default=level,
            envvar="LOG_LEVEL" if logs_requests else None,
            help=f"Log debug, info, warning or error (default: {level}).",
        ),
        _SharedOption(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            metavar="FORMAT",
            default="text",
            help="Log as text (default) or json, to standard error.",
        ),
    ]


class ProjectCommand(click.Command):
    """A command with the shared options, which calls its function with the opened `project` and
    `as_json` besides its own parameters.

    section: the heading under which `hub --help` lists it.
    logs_requests: as for _shared_options.
    """

    def __init__(
        self, *args: Any, section: str = "", logs_requests: bool = False, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self.section = section
        self.params += _shared_options(logs_requests=logs_requests)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter, _SHARED_OPTIONS)

    def invoke(self, ctx: click.Context) -> Any:
        given = {
            option.name: _given_last(ctx, option.name)
            for option in self.params
            if isinstance(option, _SharedOption) and option.name
        }
        logs.set_up(given["log_level"], given["log_format"])
        own = {name: value for name, value in ctx.params.items() if name not in given}
        project = open_project(
            given["database"], given["landing"], given["project_dir"], given["wait"]
        )
        start_telemetry()
        ctx.params = {**own, "project": project, "as_json": given["as_json"]}
        return super().invoke(ctx)


class ProjectGroup(click.Group):
    """A group of such commands. The shared options may stand before the command's name, too."""

    command_class = ProjectCommand
    group_class = type

    def __init__(self, *args: Any, section: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section
        self.params += _shared_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter, _SHARED_OPTIONS_OF_A_GROUP)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command, under the headings of their sections."""
        width = max(map(len, self.commands))
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            heading = getattr(command, "section", "") or "Commands"
            line = (name.ljust(width), command.get_short_help_str(formatter.width))
            sections.setdefault(heading, []).append(line)
        for heading, lines in sections.items():
            with formatter.section(heading):
                formatter.write_dl(lines)


def _given_last(ctx: click.Context, name: str) -> Any:
    """The value of a shared option as given nearest to the command, or its default."""
    here: click.Context | None = ctx
    while here is not None:
        if here.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            return here.params[name]
        here = here.parent
    return ctx.params[name]


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter, shared: str
) -> None:
    sections: dict[str, list[tuple[str, str]]] = {_OWN_OPTIONS: [], shared: []}
    for option in command.get_params(ctx):
        if (record := option.get_help_record(ctx)) is not None:
            heading = shared if isinstance(option, _SharedOption) else _OWN_OPTIONS
            sections[heading].append(record)
    for heading, lines in sections.items():
        with formatter.section(heading):
            formatter.write_dl(lines)


def dead_letter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose open dead letters."""
    for option in (
        click.option(
            "--id", "record_id", type=int, metavar="N", help="The one with this record_id."
        ),
        click.option("--reason", metavar="R", help="Those with this reason."),
        click.option("--source", metavar="S", help="Those of this source."),
        click.option("--entity", metavar="E", help="Those of this entity."),
    ):
        command = option(command)
    return command
