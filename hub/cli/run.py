"""The command `hub run`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from hub.cli.run_options import dry_run_option, no_plan_option, now_option
from loader.config.project import Project
from loader.errors import WrongUse

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(
    cls=ProjectCommand, epilog="Example: hub run --skip reconcile --now 2025-01-15T12:00:00"
)
@click.option("--skip", multiple=True, metavar="STAGE", help="Switch a stage off; repeatable.")
@now_option
@dry_run_option
@click.option("--force", is_flag=True, help="Build even if nothing is new.")
@no_plan_option
@click.option("--output", type=click.Path(path_type=Path), help="Write the receipt here, too.")
@of_target()
def run(
    project: Project,
    skip: tuple[str, ...],
    now: str | None,
    dry_run: bool,
    force: bool,
    no_plan: bool,
    output: Path | None,
    target: "Target",
    as_json: bool,
) -> None:
    """Land everything new, build and test it, print the receipt.

    Stages: adapt, deduplicate (or cache), validate, freshness, reconcile.
    """
    from hub.commands import runs
    from hub.runs.receipt_files import write_json
    from hub.text.notices import render_dry_run
    from hub.text.receipt import render_nothing_new, render_receipt
    from loader.warehouse.run_log import parse_clock

    if output is not None and (output.is_dir() or not output.absolute().parent.is_dir()):
        raise WrongUse(
            f"--output {output}",
            "it is a folder" if output.is_dir() else "its folder does not exist",
            "Name a file in a folder that exists.",
        )
    result = runs.run(
        project,
        skip=skip,
        clock=None if now is None else parse_clock(now),
        force=force,
        dry=dry_run,
        by_dbt=no_plan,
        target=target,
    )
    if output is not None:
        write_json(output, result.receipt)
    shown = (
        render_nothing_new(result.receipt) if result.did_nothing else render_receipt(result.receipt)
    )
    print_result(result.receipt, render_dry_run(shown) if dry_run else shown, as_json=as_json)
    if result.failed:
        sys.exit(1)
