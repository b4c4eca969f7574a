"""The command `hub backup`."""

import click
import msgspec

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub backup --to /backup/hub-2025-01-15.hub")
@click.option("--to", required=True, metavar="FILE", help="Write it here; or a file:// URI.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="Encrypt it to this public key (age1...); repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def backup(
    project: Project, to: str, recipients: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Write a backup of the warehouse and its receipts, whatever is at work.

    It holds one run's state, never half of one, with the digest of each part. Not in it: the files
    in landing/, whose records are in the warehouse, and the project, which git has.
    """
    from hub.backup.write import back_up
    from hub.text.backup import render_backup

    made = back_up(project, to, recipients, force=force)
    print_result(msgspec.to_builtins(made, enc_hook=str), render_backup(made), as_json=as_json)
