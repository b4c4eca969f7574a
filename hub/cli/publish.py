"""The command `hub publish`."""

from dataclasses import asdict

import click

from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project


@click.command(cls=ProjectCommand, epilog="Example: hub publish   or: hub publish --watch")
@click.option("--watch", is_flag=True, help="Publish what plain `dbt build` changes, until Ctrl-C.")
def publish(project: Project, watch: bool, as_json: bool) -> None:
    """Publish the warehouse for readers, as published/current.duckdb.

    Every hub command that changes something does that by itself. A snapshot never changes and
    keeps nobody waiting: open it with anything that reads DuckDB files.
    """
    from hub.commands import publishing
    from hub.text.publication import render_publication

    if watch:
        count = publishing.watch(project)
        print_result({"published": count}, f"published {count} times", as_json=as_json)
        return
    published = publishing.publish_now(project)
    data = None if published is None else asdict(published)
    print_result(data, render_publication(published), as_json=as_json)
