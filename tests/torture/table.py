"""The table of what was tried and what came of it, as docs/reliability.md shows it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.verdicts import Verdict

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_START, _END = "<!-- torture: table -->", "<!-- torture: end -->"
_HEAD = (
    "| tried | times | lost | doubled | different | unclear | seconds |\n"
    "|---|---:|---:|---:|---:|---:|---:|\n"
)


@dataclass
class Line:
    """All trials of one kind."""

    trials: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    unclear: int = 0
    seconds: float = 0
    moments: Counter[str] = field(default_factory=Counter)
    skipped: str = ""

    def add(self, verdict: Verdict, seconds: float) -> None:
        self.seconds += seconds
        if verdict.skipped:
            self.skipped = verdict.skipped
            return
        self.trials += verdict.times
        self.lost += verdict.lost
        self.doubled += verdict.doubled
        self.different += verdict.different
        self.unclear += verdict.unclear
        self.moments.update(verdict.moments)


class Table:
    """One line per kind of trial, in the order in which they first ended."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def add(self, verdict: Verdict, seconds: float) -> None:
        self.lines.setdefault(verdict.trial, Line()).add(verdict, seconds)

    def text(self) -> str:
        return _HEAD + "".join(_row(name, line) for name, line in self.lines.items())


def _row(name: str, line: Line) -> str:
    if line.skipped and not line.trials:
        return f"| {name} | not tried: {line.skipped} | | | | | |\n"
    moments = _spread(line.moments.items())
    return (
        f"| {name}{f' ({moments})' if moments else ''} | {line.trials} | {line.lost} | "
        f"{line.doubled} | {line.different} | {line.unclear} | {line.seconds:.0f} |\n"
    )


def _spread(moments: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {moment}" for moment, count in sorted(moments))


def write_table(table: Table) -> None:
    """Put the table between its markers in docs/reliability.md. Lines that stand there and are of
    other trials stay, so that parts can be tried one by one."""
    document = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = document.partition(_START)
    old, _, after = rest.partition(_END)
    if not after:
        raise ValueError(f"{DOCUMENT}: the markers {_START} and {_END} are missing")
    new = {name: _row(name, line) for name, line in table.lines.items()}
    rows = []
    for row in old.splitlines(keepends=True)[3:]:
        named = [name for name in new if row.startswith((f"| {name} |", f"| {name} ("))]
        rows.append(new.pop(named[0]) if named else row)
    text = "".join([_HEAD, *rows, *new.values()])
    DOCUMENT.write_text(f"{before}{_START}\n{text}{_END}{after}", encoding="utf-8")
