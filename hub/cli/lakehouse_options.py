"""The options that name a lakehouse, and those that make no sense with them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from loader.errors import WrongUse

# They are about the warehouse, which is not opened, its copy or its plan.
_OF_THE_WAREHOUSE = ("database", "wait", "dry_run", "no_plan")


def to_lakehouse(*, required: bool = False) -> Callable[..., Any]:
    """The option --to."""
    return click.option(
        "--to",
        metavar="URI",
        required=required,
        help="The lakehouse: a folder, or s3://bucket/prefix.",
    )


def of_target() -> Callable[..., Any]:
    """The option --target; where it is spark, options about the warehouse are refused."""
    option = click.option(
        "--target",
        type=click.Choice(["duckdb", "spark"]),
        default="duckdb",
        metavar="ENGINE",
        help="duckdb, or spark: on the lakehouse.",
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def checked(*, target: str, **given: Any) -> None:
            if target == "spark":
                require_no_warehouse(f"{click.get_current_context().command_path} --target spark")
            command(target=target, **given)

        return option(checked)

    return decorate


def require_no_warehouse(command: str) -> None:
    """Raise WrongUse where an option of the command line is about the warehouse."""
    context: click.Context | None = click.get_current_context()
    while context is not None:
        for name in _OF_THE_WAREHOUSE:
            if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                option = name.replace("_", "-")
                raise WrongUse(
                    f"`{command}`",
                    f"--{option} is about the warehouse, which a lakehouse does without",
                    "Leave it out.",
                )
        context = context.parent
