"""Carries out a run, keeps its receipt, and publishes what the warehouse has become."""

from hub.runs.publishing import changing
from hub.runs.receipt_files import write_receipt
from hub.runs.run import RunResult, RunSpec, carry_out
from loader.config.project import Project


def carry_out_and_keep(project: Project, spec: RunSpec) -> RunResult:
    """Make the run under the lock of the warehouse; a run that had nothing to do has no receipt."""
    with changing(project) as change:
        result = carry_out(project, spec)
        change.is_whole = not result.failed
        if not result.did_nothing:
            write_receipt(project.receipts, result.receipt, project.vars.keep_receipts)
    return result
