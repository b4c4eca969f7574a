"""Options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any

import click

from loader import logs
from loader.config.project import open_project


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all have, and its project as the first argument."""

    @functools.wraps(command)
    def wrapper(
        database: str | None,
        landing: str | None,
        log_level: str,
        log_format: str,
        **options: Any,
    ) -> None:
        logs.set_up(log_level, log_format)
        command(open_project(database, landing), **options)

    for option in reversed(
        [
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
            click.option("--database", metavar="FILE", help="The warehouse (HUB_DATABASE)."),
            click.option("--landing", metavar="DIR", help="The landing folder (HUB_LANDING)."),
            click.option(
                "--log-level",
                type=click.Choice(["debug", "info", "warning", "error"]),
                default="error",
                show_default=True,
                help="Which log lines to write to standard error.",
            ),
            click.option(
                "--log-format",
                type=click.Choice(["text", "json"]),
                default="text",
                show_default=True,
                help="How to write them.",
            ),
        ]
    ):
        wrapper = option(wrapper)
    return wrapper


def dead_letter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose open letters."""
    for option in (
        click.option("--id", "record_id", type=int, metavar="N", help="The letter's record_id."),
        click.option("--reason", metavar="R", help="Letters with this reason."),
        click.option("--source", metavar="S", help="Letters of this source."),
        click.option("--entity", metavar="E", help="Letters of this entity."),
    ):
        command = option(command)
    return command
