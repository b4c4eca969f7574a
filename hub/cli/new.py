"""The group `hub new`."""

import click

from hub.cli.command_group import CommandGroup


@click.group(cls=CommandGroup, sections={"Commands": ("source", "entity")}, prefix="new_")
def new(**shared: object) -> None:
    """Begin with your own data: write a source or an entity from a sample."""
