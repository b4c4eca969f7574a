"""What a part of the benchmark found: figures with the goals they are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench.measure import Usage, median

_FIGURES = ("cpu", "wall", "rss", "written", "wchar")


@dataclass(frozen=True)
class Finding:
    """One figure.

    part:    the part of the benchmark that found it.
    what:    what it says, in words.
    records: how many records it was measured with.
    value:   in `unit`: "x" a ratio, "s" seconds, "MiB" mebibytes, "differences" a count.
    goal:    the greatest value that is good enough, None where there is no goal.
    sides:   what was measured: for each side the medians of its figures and, under `samples`,
             the CPU seconds of each run.
    """

    part: str
    what: str
    records: int
    value: float
    unit: str
    goal: float | None = None
    sides: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal

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
    """The median of one side over that of the other, the baseline, named last."""
    ours, baseline = (median(measured[side], figure) for side in sides)
    shown = {side: summary(measured[side]) for side in sides}
    return Finding(part, what, records, ours / baseline, "x", goal, shown)


def summary(usages: Sequence[Usage]) -> dict[str, Any]:
    """The medians of what was measured, and the CPU seconds of each run."""
    return {figure: median(usages, figure) for figure in _FIGURES} | {
        "samples": [round(usage.cpu, 3) for usage in usages]
    }
