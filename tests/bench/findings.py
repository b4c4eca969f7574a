"""What a part of the benchmark found: figures with the goals they are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench.measure import Usage, median

MEBIBYTE = 2**20

_FIGURES = ("cpu", "wall", "rss", "written", "wchar")


@dataclass(frozen=True)
class Finding:
    """One figure.

    part:    the part of the benchmark that found it.
    what:    what it says, in words.
    records: how many records it was measured with.
    value:   in `unit`: x (a ratio), s (seconds), MiB, or differences.
    goal:    the greatest value that is good enough, None where there is no goal.
    made_of: what the value was made of, in words: the two sides of a ratio.
    sides:   for each thing that was measured its figures, for the file of results.
    """

    part: str
    what: str
    records: int
    value: float
    unit: str
    goal: float | None = None
    made_of: str = ""
    sides: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal

    @property
    def is_wrong(self) -> bool:
        """Whether it is no matter of speed: a check found differences."""
        return self.unit == "differences" and self.met is False

    def as_data(self) -> dict[str, Any]:
        return asdict(self) | {"met": self.met}


def ratio(
    part: str,
    what: str,
    records: int,
    measured: Mapping[str, Sequence[Usage]],
    sides: tuple[str, str],
    goal: float | None = None,
    figure: str = "cpu",
) -> Finding:
    """The median of one side over that of the other, the baseline, which is named last.

    figure: cpu, or written, which is shown in MiB.
    """
    ours, baseline = (median(measured[side], figure) for side in sides)
    seconds = f"{ours:.2f} s / {baseline:.2f} s"
    made_of = seconds if figure == "cpu" else sizes_of(ours, baseline)
    shown = {side: summary(measured[side]) for side in sides}
    return Finding(part, what, records, ours / baseline, "x", goal, made_of, shown)


def size_ratio(
    part: str, what: str, records: int, ours: int, baseline: int, goal: float | None = None
) -> Finding:
    """The size of a file, in bytes, over that of another."""
    shown = {"ours": {"bytes": ours}, "baseline": {"bytes": baseline}}
    value = ours / baseline
    return Finding(part, what, records, value, "x", goal, sizes_of(ours, baseline), shown)


def sizes_of(ours: float, baseline: float) -> str:
    """Two numbers of bytes as text."""
    return f"{ours / MEBIBYTE:.1f} MiB / {baseline / MEBIBYTE:.1f} MiB"


def summary(usages: Sequence[Usage]) -> dict[str, Any]:
    """The medians of what was measured, and the CPU seconds of each run."""
    return {figure: median(usages, figure) for figure in _FIGURES} | {
        "samples": [round(usage.cpu, 3) for usage in usages]
    }
