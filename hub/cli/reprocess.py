"""The command `hub reprocess`."""

import sys
from typing import TYPE_CHECKING

import click

from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from hub.cli.run_options import dry_run_option, now_option
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(
    cls=ProjectCommand,
    epilog="Example: hub reprocess --entity events --since 2025-01-15 --dry-run",
)
@click.option("--entity", required=True, metavar="E", help="Keys of this entity.")
@click.option("--source", metavar="S", help="Those of records from this source.")
@click.option("--key", metavar="K", help="This key alone.")
@click.option("--since", metavar="TIME", help="Those of records that landed then or later (UTC).")
@click.option("--until", metavar="TIME", help="Those of records that landed before (UTC).")
@now_option
@dry_run_option
@of_target()
def reprocess(
    project: Project,
    entity: str,
    source: str | None,
    key: str | None,
    since: str | None,
    until: str | None,
    now: str | None,
    dry_run: bool,
    target: "Target",
    as_json: bool,
) -> None:
    """Decide records again, under the present rules.

    The present rules are those of contract and adapters. All records of a chosen key are decided
    from their raw text, in the order in which they arrived; none is late. Without --source, --key,
    --since and --until: the keys of records that were decided under older rules or came too late,
    or all if the order of records has changed.
    """
    from hub.commands import rules
    from hub.queries.reprocess import ReprocessChoice
    from hub.text.notices import render_dry_run
    from hub.text.reprocess import render_reprocess
    from loader.warehouse.run_log import parse_clock

    choice = ReprocessChoice(
        entity,
        source,
        key,
        since=None if since is None else parse_clock(since, "--since"),
        until=None if until is None else parse_clock(until, "--until"),
    )
    result = rules.reprocess(
        project,
        choice,
        clock=None if now is None else parse_clock(now),
        dry=dry_run,
        target=target,
    )
    data = {"run": result.receipt, "changes": result.afterwards, "dry_run": dry_run}
    shown = render_reprocess(result.afterwards, result.receipt)
    print_result(data, render_dry_run(shown) if dry_run else shown, as_json=as_json)
    if result.failed:
        sys.exit(1)
