"""The command `hub doctor`."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hub.cli.lakehouse_options import of_target
from hub.cli.output import print_result
from hub.cli.project_command import ProjectCommand
from loader.config.project import Project

if TYPE_CHECKING:
    from hub.queries.target import Target


@click.command(cls=ProjectCommand, epilog="Example: hub doctor --json")
@of_target()
def doctor(project: Project, target: "Target", as_json: bool) -> None:
    """Examine the warehouse and say what to do.

    Prints ok, warn or fail for each check, with the remedy. Exits with 1 if a check fails.
    """
    from hub.commands import health
    from hub.text.findings import render_findings

    findings = health.doctor(project, target)
    print_result(
        [asdict(finding) for finding in findings], render_findings(findings), as_json=as_json
    )
    if any(finding.status == "fail" for finding in findings):
        sys.exit(1)
