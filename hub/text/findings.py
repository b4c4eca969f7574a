"""What an examination found as text."""

from hub.queries.health import Finding
from hub.text.lines import table, text_of


def render_findings(findings: list[Finding]) -> str:
    """A line for each check, the remedy behind what is not ok."""
    rows = [
        (finding.status, finding.check, f"{finding.detail}. {finding.remedy}".rstrip(". "))
        for finding in findings
    ]
    return text_of(table(rows))
