"""A command that works on a project: opens it, and sets up logs and telemetry beforehand."""

from typing import Any

import click

from hub.cli.shared_options import SharedOption, given_last, shared_options, write_options
from hub.telemetry.switches import start_telemetry
from loader import logs
from loader.config.project import open_project

_HEADING = "Options of every command"


class ProjectCommand(click.Command):
    """A command with the shared options, which calls its function with the opened `project` and
    `as_json` besides its own parameters.

    logs_requests: as for shared_options.
    opens_project: False for a command that works where there is none, and is given none.
    """

    def __init__(
        self,
        *args: Any,
        logs_requests: bool = False,
        opens_project: bool = True,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self._opens_project = opens_project
        self.params += shared_options(logs_requests=logs_requests)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter, _HEADING)

    def invoke(self, ctx: click.Context) -> Any:
        given = {
            option.name: given_last(ctx, option.name)
            for option in self.params
            if isinstance(option, SharedOption) and option.name
        }
        logs.set_up(given["log_level"], given["log_format"])
        own = {name: value for name, value in ctx.params.items() if name not in given}
        ctx.params = {**own, "as_json": given["as_json"]}
        if self._opens_project:
            ctx.params["project"] = open_project(
                given["database"], given["landing"], given["project_dir"], given["wait"]
            )
            start_telemetry()
        return super().invoke(ctx)
