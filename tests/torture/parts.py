"""The parts of the harness: what is tried, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from tests.torture.concurrency import at_once, at_openings
from tests.torture.deliveries import Delivery, Task
from tests.torture.faults import MODES
from tests.torture.hostile import Hostile
from tests.torture.kills import kills
from tests.torture.limits import limits
from tests.torture.orders import reorderings
from tests.torture.playground import LAND, RUN
from tests.torture.pool import Pool, Trial
from tests.torture.publishing import publications
from tests.torture.signals import interruptions
from tests.torture.steps import Failed, FailedNodes, Killed, images, nodes_among, steps_of
from tests.torture.writes import writes


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
    def steps(self) -> dict[Task, list[str]]:
        """What is done in it, step by step: a landing, a first run, a second run."""
        tasks = [
            Task(self.smallest, LAND, first_day=True),
            Task(self.smallest, RUN, first_day=True),
            Task(self.smallest, RUN, incremental=True),
        ]
        found = self.pool.ask_each([partial(steps_of, task=each) for each in tasks])
        return dict(zip(tasks, found, strict=True))


def _kills(scope: Scope) -> Sequence[Trial]:
    return kills(
        scope.deliveries,
        scope.seed,
        land=scope.of(70),
        run=scope.of(80),
        other=scope.of(10),
        real=scope.of(10),
    )


def _steps(scope: Scope) -> Sequence[Trial]:
    landing, first, second = scope.steps
    return [
        *images(landing, 8, scope.of(4)),
        # what completes them is most of a first build
        *images(first, 64, scope.of(4)),
        *images(second, 16, scope.of(4)),
        *scope.some([Killed(landing, step) for step in _every(scope, landing, 40)]),
        *scope.some([Killed(first, step) for step in _every(scope, first, 100)]),
        *scope.some([Killed(second, step) for step in _every(scope, second, 100)]),
    ]


def _failures(scope: Scope) -> Sequence[Trial]:
    landing, first, second = scope.steps
    # a run lands as `hub land` does
    # each node in one of the runs; a second one builds no views
    of_second = nodes_among(scope.steps[second])[1::2]
    of_first = [node for node in nodes_among(scope.steps[first]) if node not in of_second]
    built = [step for step in _every(scope, first, 32) if step > len(scope.steps[landing])]
    return scope.some(
        [
            *(
                # a build after every fifth landing; the others are landed to the end
                Failed(landing, step, "once", LAND if number % 5 else RUN)
                for number, step in enumerate(_every(scope, landing, 24))
            ),
            *(
                Failed(landing, step, mode, LAND)
                for mode in MODES[1:]
                for step in _every(scope, landing, 96)
            ),
            *(Failed(first, step, _in_turn(step), RUN) for step in built),
            *(Failed(second, step, _in_turn(step), RUN) for step in _every(scope, second, 32)),
            *(FailedNodes(first, (node,)) for node in of_first),
            *(FailedNodes(second, (node,)) for node in of_second),
        ]
    )


def _every(scope: Scope, task: Task, stride: int) -> range:
    """Every so many-th step; another seed begins with another one."""
    return range(1 + scope.seed % stride, len(scope.steps[task]) + 1, stride)


def _in_turn(step: int) -> str:
    return MODES[step // 32 % 3]


def _orders(scope: Scope) -> Sequence[Trial]:
    return reorderings(scope.seed, scope.of(200))


def _concurrency(scope: Scope) -> Sequence[Trial]:
    return [
        *at_once(scope.deliveries, scope.seed, scope.of(8)),
        *scope.some(at_openings(scope.smallest)),
    ]


def _signals(scope: Scope) -> Sequence[Trial]:
    return interruptions(scope.deliveries, scope.seed, scope.of(32))


def _limits(scope: Scope) -> Sequence[Trial]:
    return limits(scope.largest, 4 if scope.quick else 2)


def _writes(scope: Scope) -> Sequence[Trial]:
    return scope.some(writes(scope.pool, scope.smallest, scope.seed))


def _publishing(scope: Scope) -> Sequence[Trial]:
    stride = 40 if scope.quick else 4
    return publications(scope.smallest, scope.seed, stride, parts=scope.of(4), builds=scope.of(50))


def _hostile(scope: Scope) -> Sequence[Trial]:
    return [Hostile(scope.of(2_000))]


PARTS: dict[str, Callable[[Scope], Sequence[Trial]]] = {
    "kills": _kills,
    "steps": _steps,
    "failures": _failures,
    "writes": _writes,
    "signals": _signals,
    "concurrency": _concurrency,
    "limits": _limits,
    "publishing": _publishing,
    "orders": _orders,
    "hostile": _hostile,
}
