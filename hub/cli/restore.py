"""The command `hub restore`."""

from pathlib import Path

import click
import msgspec

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub restore /backup/hub-2025-01-15.hub")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The secret key of an encrypted backup.",
)
@click.option("--force", is_flag=True, help="Replace the warehouse that is there.")
@click.option("--dry-run", is_flag=True, help="Check the backup; change nothing.")
def restore(
    project: Project,
    file: Path,
    identity: Path | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put back what a backup holds: the warehouse and its receipts.

    First the backup is checked whole: digests, formats, and whether every record is accounted for.
    Killed at any moment, it leaves the old state or the new one. `hub run` then lands what came
    since, and `hub stream` goes on behind the last message in it.
    """
    from hub.backup.restore import restore as put_back
    from hub.text.backup import render_restored

    restored = put_back(project, file, identity, force=force, dry=dry_run)
    print_result(
        msgspec.to_builtins(restored, enc_hook=str), render_restored(restored), as_json=as_json
    )
