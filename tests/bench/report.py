"""Writes down what the benchmark found."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bench.findings import Finding


def as_line(finding: Finding) -> str:
    """A finding as a line of text."""
    return f"{finding.what}: {shown(finding)} ({finding.records:,} records{_judged(finding)})"


def shown(finding: Finding) -> str:
    """The value with its unit."""
    return _with_unit(finding.value, finding.unit)


def write_json(path: Path, findings: Sequence[Finding]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([finding.as_data() for finding in findings], indent=2) + "\n")


def _judged(finding: Finding) -> str:
    if finding.goal is None:
        return ""
    goal = _with_unit(finding.goal, finding.unit)
    return f"; goal at most {goal}: {'met' if finding.met else 'MISSED'}"


def _with_unit(value: float, unit: str) -> str:
    return f"{value:.2f}{unit}" if unit == "x" else f"{value:,.{2 if unit == 's' else 0}f} {unit}"
