"""The group `hub contract`, and the files of its commands."""

import click

from hub.cli.command_group import CommandGroup


@click.group(cls=CommandGroup, sections={"Commands": {"diff": "contract_diff"}})
def contract(**shared: object) -> None:
    """Ask what a contract would change, before it does."""
