"""The group `hub contract`."""

import click

from hub.cli.command_group import CommandGroup


@click.group(cls=CommandGroup, sections={"Commands": ("diff",)}, prefix="contract_")
def contract(**shared: object) -> None:
    """Ask what a contract would change, before it does."""
