"""The command `hub compact`."""

from dataclasses import asdict

import click

from hub.cli.lakehouse_options import require_no_warehouse, to_lakehouse
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub compact --to s3://bucket/lake")
@to_lakehouse(required=True)
def compact(project: Project, to: str, as_json: bool) -> None:
    """Write the many small files of a lakehouse into few.

    Of the tables that `hub land --to` writes. Beside landings and readers, at any time.
    """
    from hub.commands import lakehouse
    from hub.text.compaction import render_compaction

    require_no_warehouse("hub compact")
    done = lakehouse.compact_tables(project, to)
    data = {"tables": [asdict(each) for each in done]}
    print_result(data, render_compaction(done), as_json=as_json)
