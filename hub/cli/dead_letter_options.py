"""The options that choose open dead letters."""

from collections.abc import Callable
from typing import Any

import click


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
