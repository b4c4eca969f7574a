"""The command `hub redrive`."""

import sys
from typing import TYPE_CHECKING

import click

from hub.cli.dead_letter_options import dead_letter_options
from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from hub.cli.run_options import dry_run_option, now_option
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(
    cls=ProjectCommand,
    epilog="Example: hub redrive --entity events --reason invalid_value --dry-run",
)
@dead_letter_options
@now_option
@dry_run_option
@of_target()
def redrive(
    project: Project,
    entity: str | None,
    source: str | None,
    reason: str | None,
    record_id: int | None,
    now: str | None,
    dry_run: bool,
    target: "Target",
    as_json: bool,
) -> None:
    """Decide open dead letters again, after a fix.

    The fix may be in the contract or in the adapter: records are decided from their raw text.
    Newer rows are never overwritten. A second redrive under the same rules changes nothing.
    """
    from hub.commands import dead_letters
    from hub.queries.dead_letters import DeadLetterChoice
    from hub.text.dead_letters import render_redrive
    from hub.text.notices import render_dry_run
    from loader.warehouse.run_log import parse_clock

    result = dead_letters.redrive(
        project,
        DeadLetterChoice(entity, source, reason, record_id),
        clock=None if now is None else parse_clock(now),
        dry=dry_run,
        target=target,
    )
    data = {
        "run": result.receipt,
        "dead_letters": result.afterwards,
        "left_out": result.warnings,
        "dry_run": dry_run,
    }
    shown = render_redrive(
        result.afterwards, None if result.did_nothing else result.receipt, result.warnings
    )
    print_result(data, render_dry_run(shown) if dry_run else shown, as_json=as_json)
    if result.failed:
        sys.exit(1)
