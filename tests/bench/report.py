"""Writes down what the benchmark found: as a line, as JSON, and as a table in the docs."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import PROJECT
from tests.bench.findings import Finding
from tests.bench.workbench import COPIED

DOCUMENT = PROJECT / "docs" / "performance.md"

_START = "<!-- results: written by `make bench FLAGS=--write` -->\n"
_END = "<!-- end of results -->\n"
_COLUMNS = ("part", "figure", "records", "value", "measured", "goal", "", "commit")


def as_line(finding: Finding) -> str:
    """A finding as a line of text."""
    made_of = f", {finding.made_of}" if finding.made_of else ""
    judged = f"; goal {_goal(finding)}: {_verdict(finding)}" if finding.goal is not None else ""
    value = _with_unit(finding.value, finding.unit)
    return f"{finding.what}: {value} ({finding.records:,} records{made_of}{judged})"


def write_json(
    path: Path, findings: Sequence[Finding], options: dict[str, Any], commit: str
) -> None:
    """Write all that was measured, with the machine and the versions it was measured on."""
    content = {
        "commit": commit,
        "python": platform.python_version(),
        **{package: version(package) for package in ("duckdb", "dbt-core", "dbt-duckdb")},
        "cores": os.cpu_count(),
        "options": options,
        "findings": [finding.as_data() for finding in findings],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, default=str) + "\n")


def write_table(document: Path, findings: Sequence[Finding], commit: str) -> None:
    """Put findings into the document's table, in place of what an earlier session found there.

    A row is known by part, figure and number of records; the rows of a part stay together.
    """
    before, _, rest = document.read_text().partition(_START)
    table, _, after = rest.partition(_END)
    rows = {
        tuple(cells[:3]): cells
        for cells in (_cells(line) for line in table.splitlines()[2:])
        if cells
    }
    for finding in findings:
        cells = [
            finding.part,
            finding.what,
            f"{finding.records:,}",
            _with_unit(finding.value, finding.unit),
            finding.made_of,
            _goal(finding),
            _verdict(finding),
            commit,
        ]
        rows[tuple(cells[:3])] = cells
    parts = list(dict.fromkeys(cells[0] for cells in rows.values()))
    ordered = sorted(rows.values(), key=lambda cells: parts.index(cells[0]))
    lines = [_row(_COLUMNS), _row(["---"] * len(_COLUMNS)), *map(_row, ordered)]
    document.write_text(f"{before}{_START}{''.join(lines)}{_END}{after}")


def current_commit() -> str:
    """The commit that is checked out, with a + where files that matter were changed since."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", *COPIED)
    return f"{commit}+" if changed else commit or "unknown"


def _git(*words: str) -> str:
    """What git prints, nothing where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=PROJECT, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip() else []


def _goal(finding: Finding) -> str:
    return "" if finding.goal is None else f"≤ {_with_unit(finding.goal, finding.unit)}"


def _verdict(finding: Finding) -> str:
    return {True: "met", False: "missed", None: ""}[finding.met]


def _with_unit(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f}x"
    return f"{value:.2f} s" if unit == "s" else f"{value:,.0f} {unit}"
