"""The options of commands that carry out a run."""

import click

now_option = click.option("--now", metavar="TIME", help="The moment that counts as now (UTC).")
dry_run_option = click.option("--dry-run", is_flag=True, help="Work on a copy; change nothing.")
no_plan_option = click.option(
    "--no-plan", is_flag=True, help="Let dbt build, also what its compiled plan could do."
)
