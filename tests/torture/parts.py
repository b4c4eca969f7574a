"""The parts of the harness: what is tried, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from .concurrency import at_once
from .deliveries import Delivery
from .hostile import hostile_trials
from .kills import kills
from .limits import limits
from .orders import reorderings
from .playground import LAND, RUN
from .pool import Pool, Trial
from .signals import interruptions
from .steps import Disturbed, Failed, Killed, count_steps, images
from .writes import writes


@dataclass(frozen=True)
class Scope:
    """How much is tried. quick: a tenth."""

    pool: Pool
    seed: int
    quick: bool
    deliveries: Sequence[Delivery]

    def of(self, count: int) -> int:
        return max(count // 10, 1) if self.quick else count

    def some(self, trials: Sequence[Trial]) -> Sequence[Trial]:
        """All of them, or a tenth."""
        return trials[self.seed % 10 :: 10] if self.quick else trials

    @property
    def smallest(self) -> Delivery:
        return min(self.deliveries, key=lambda delivery: delivery.records)

    @property
    def largest(self) -> Delivery:
        return max(self.deliveries, key=lambda delivery: delivery.records)

    @cached_property
    def steps(self) -> dict[Disturbed, int]:
        """How many steps the commands take: a landing, a first run, a second run."""
        commands = [
            Disturbed(self.smallest, LAND, False),
            Disturbed(self.smallest, RUN, False),
            Disturbed(self.smallest, RUN, True),
        ]
        counts = self.pool.ask_each([partial(count_steps, disturbed=each) for each in commands])
        return dict(zip(commands, counts, strict=True))


def _kills(scope: Scope) -> Sequence[Trial]:
    return kills(scope.deliveries, scope.seed, scope.of(80), scope.of(140), scope.of(10))


def _steps(scope: Scope) -> Sequence[Trial]:
    landing, first, second = scope.steps
    return [
        *images(landing, 4, scope.of(4)),
        *images(first, 8, scope.of(8)),
        *images(second, 8, scope.of(8)),
        *scope.some([Killed(landing, step) for step in _every(scope, landing, 20)]),
        *scope.some([Killed(first, step) for step in _every(scope, first, 50)]),
        *scope.some([Killed(second, step) for step in _every(scope, second, 50)]),
    ]


def _failures(scope: Scope) -> Sequence[Trial]:
    landing, first, second = scope.steps
    # a run lands as `hub land` does
    built = [step for step in _every(scope, first, 6) if step > scope.steps[landing]]
    return scope.some(
        [
            *(Failed(landing, step, "once") for step in _every(scope, landing, 1)),
            *(Failed(landing, step, "dead") for step in _every(scope, landing, 8)),
            *(Failed(landing, step, "for good") for step in _every(scope, landing, 8)),
            *(Failed(first, step, _in_turn(step)) for step in built),
            *(Failed(second, step, _in_turn(step)) for step in _every(scope, second, 6)),
        ]
    )


def _every(scope: Scope, disturbed: Disturbed, stride: int) -> range:
    """Every so many-th step; another seed begins with another one."""
    return range(1 + scope.seed % stride, scope.steps[disturbed] + 1, stride)


def _in_turn(step: int) -> str:
    return ("once", "dead", "for good")[step // 6 % 3]


def _orders(scope: Scope) -> Sequence[Trial]:
    return reorderings(scope.seed, scope.of(200))


def _concurrency(scope: Scope) -> Sequence[Trial]:
    return at_once(scope.deliveries, scope.seed, scope.of(12))


def _signals(scope: Scope) -> Sequence[Trial]:
    return interruptions(scope.deliveries, scope.seed, scope.of(40))


def _limits(scope: Scope) -> Sequence[Trial]:
    return limits(scope.largest, 4 if scope.quick else 1)


def _writes(scope: Scope) -> Sequence[Trial]:
    return scope.some(writes(scope.smallest, scope.seed))


def _hostile(scope: Scope) -> Sequence[Trial]:
    return hostile_trials(scope.of(1000))


PARTS: dict[str, Callable[[Scope], Sequence[Trial]]] = {
    "kills": _kills,
    "steps": _steps,
    "failures": _failures,
    "writes": _writes,
    "signals": _signals,
    "concurrency": _concurrency,
    "limits": _limits,
    "orders": _orders,
    "hostile": _hostile,
}
