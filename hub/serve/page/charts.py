"""Where the bars of the page's charts stand: numbers for the templates, which draw them as SVG."""

from dataclasses import dataclass

from hub.queries.overview import RunState
from hub.queries.receipt import OUTCOMES

_TURNED_AWAY = {"aside": ("duplicate", "late"), "rejected": ("rejected",)}
_ACCEPTED = tuple(
    outcome for outcome in OUTCOMES if all(outcome not in kind for kind in _TURNED_AWAY.values())
)
# the outcomes, as the chart puts them together
KINDS = {"accepted": _ACCEPTED, **_TURNED_AWAY}
# a few records among millions must be seen, too
_LEAST_HEIGHT = 2.0


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in units of the drawing. kind: one of KINDS."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """The bar of a run; its segments stand on each other."""

    state: RunState
    x: float
    width: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class RunChart:
    """Bars of runs, oldest first. greatest: records of the highest bar."""

    bars: tuple[Bar, ...]
    width: float
    height: float
    greatest: int


def run_chart(states: tuple[RunState, ...], width: float = 480, height: float = 96) -> RunChart:
    """The chart of runs that are given latest first; each has the same room, the latest at the
    right."""
    places = max(len(states), 12)
    step = width / places
    greatest = max((state.records for state in states), default=0)
    bars = []
    for number, state in enumerate(reversed(states)):
        x = (places - len(states) + number) * step
        bars.append(Bar(state, x + step * 0.15, step * 0.7, _segments(state, height, greatest)))
    return RunChart(tuple(bars), width, height, greatest)


def by_kind(outcomes: dict[str, int]) -> dict[str, int]:
    """Records by outcome, as records by kind."""
    return {kind: sum(outcomes[each] for each in parts) for kind, parts in KINDS.items()}


def _segments(state: RunState, height: float, greatest: int) -> tuple[Segment, ...]:
    found = []
    y = height
    for kind, records in by_kind(state.outcomes).items():
        if not records:
            continue
        share = max(_LEAST_HEIGHT, height * records / greatest)
        share = min(share, y)
        y -= share
        found.append(Segment(kind, y, share))
    return tuple(found)
