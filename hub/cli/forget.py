"""The command `hub forget`."""

import sys

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub forget evt-003 --entity events --dry-run")
@click.argument("key")
@click.option("--entity", metavar="E", help="The key of this entity alone.")
@click.option("--block", is_flag=True, help="Block the key even if it was never seen.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
def forget(
    project: Project, key: str, entity: str | None, block: bool, dry_run: bool, as_json: bool
) -> None:
    """Remove a key from everything that the hub keeps, for good, and prove it.

    That is all records of the key: in the warehouse, in receipts, exports and what is published,
    and in the files that they came in. What returns is rejected, and its text removed. Killed at
    any moment, the same command completes it.
    """
    from hub.forgetting.forget import as_data
    from hub.forgetting.forget import forget as forget_key
    from hub.text.forgotten import render_forgotten

    forgotten = forget_key(project, key, entity, dry=dry_run, block=block)
    print_result(as_data(forgotten), render_forgotten(forgotten), as_json=as_json)
    if any(found.matches for found in forgotten.searched):
        sys.exit(1)
